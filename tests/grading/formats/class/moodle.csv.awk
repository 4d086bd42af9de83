# Writes moodle.csv: what Moodle imports as an assignment's grading worksheet. The
# participant's number is in the name of a folder that Moodle hands out, such as
# Ann Lee_1234_assignsubmission_file. Without a number it is the id.
#
# Usage: see ../write
END {
    print "Identifier,Full name,Grade,Last modified (grade)"
    for (k = 1; k <= students; k++) {
        participant = number_in(id[k])
        printf "%s,%s,%.2f,\n",
            field(participant == "" ? id[k] : "Participant " participant),
            field(person(id[k])), total[id[k]]
    }
}
