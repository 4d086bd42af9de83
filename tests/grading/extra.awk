# Prints an instructor's own tests, to stand behind those of a lesson. One whose tag
# does not say lesson is part of the exercise.
#
# Usage: awk -f ../commands/tests.awk -f extra.awk FILE
END {
    # Those of the lesson stand before them, and have loaded it.
    gsub(/(^|\n)(#!|load "\$TESTS\/harness")[^\n]*/, "\n", shared)
    printf "%s", shared
    for (i = 1; i <= tests; i++) {
        if (tags[i] !~ /lesson/) tags[i] = "exercise"
        printf "%s", written(i)
    }
}
