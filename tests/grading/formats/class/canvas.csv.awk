# Writes canvas.csv: what Canvas imports into its gradebook. The id there is the
# first number in the name of a file that Canvas hands out, such as
# lee_1234_5678_kit.zip. The column's name is the title.
#
# Usage: see ../write
END {
    print "Student,ID,SIS User ID,SIS Login ID,Section," field(title)
    print "    Points Possible,,,,," possible
    for (k = 1; k <= students; k++)
        printf "%s,%s,,,,%.2f\n", field(person(id[k])), number_in(id[k]), total[id[k]]
}
