# Writes junit.xml: JUnit's XML, a suite for each lesson.
#
# Usage: see ../write
END {
    print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    printf "<testsuites name=\"%s\">\n", markup(about["id"])
    for (i = 1; i <= lessons; i++) {
        count = failures = skipped = 0
        for (j = 1; j <= tests; j++)
            if (where[j] == lesson[i]) {
                count++
                failures += result[j] == "fail" || result[j] == "unrun"
                skipped += result[j] == "skip"
            }
        printf "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" skipped=\"%d\">\n",
            lesson[i], count, failures, skipped
        for (j = 1; j <= tests; j++)
            if (where[j] == lesson[i]) {
                printf "    <testcase classname=\"%s\" name=\"%s\"", lesson[i], markup(name[j])
                if (result[j] == "pass")
                    print "/>"
                else if (result[j] == "skip")
                    printf "><skipped/></testcase>\n"
                else
                    printf "><failure message=\"%s\">%s</failure></testcase>\n",
                        result[j] == "unrun" ? "did not run" : "failed", markup(told[j])
            }
        print "  </testsuite>"
    }
    print "</testsuites>"
}
