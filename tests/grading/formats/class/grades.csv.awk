# Writes grades.csv: of each student the id, the points and the state of each
# lesson, and the total.
#
# Usage: see ../write
END {
    printf "id"
    for (i = 1; i <= lessons; i++) printf ",%s,%s", lesson[i], lesson[i] " state"
    print ",total"
    for (k = 1; k <= students; k++) {
        who = id[k]
        printf "%s", field(who)
        for (i = 1; i <= lessons; i++)
            printf ",%.2f,%s", points[who, lesson[i]], state[who, lesson[i]]
        printf ",%.2f\n", total[who]
    }
}
