# Deals the tests of a file out to several files, which run at the same time.
#
# Usage: awk [...] -v folder=FOLDER -v file=FILE -v parts=PARTS [-v first=FIRST]
#            [-v seed=SEED] -f tests.awk -f deal.awk TESTS
# It writes FOLDER/part-FIRST/FILE (0 unless given) and the next PARTS - 1. The
# tests go there by turns; with a SEED, a number, by chance.
BEGIN { srand(seed) }
END {
    for (part = 0; part < parts; part++) text[part] = shared
    for (i = 1; i <= tests; i++)
        if (kept[i]) {
            part = seed == "" ? count++ % parts : int(rand() * parts)
            text[part] = text[part] written(i)
        }
    for (part = 0; part < parts; part++)
        printf "%s", text[part] >(folder "/part-" first + part "/" file)
}
