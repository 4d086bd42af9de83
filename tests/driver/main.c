/*
 * The tests' driver: does what netcat cannot. Without arguments it prints
 * what that is. Here is the table of its verbs.
 *
 * Each file may use those below it, and no other:
 *   main          the verbs, and the usage
 *   play          the steps of a conversation, and how a script is read
 *   merge         lines of several FIFOs become one output
 *   guard         a program in limits of time and memory
 *   watch         the steps about the watched processes and about time
 *   open          the steps that make a connection
 *   bulk          the steps that send and receive a lot
 *   steps         all other steps
 *   conversation  connections, and the report of a failure
 *   box           the way into a box, for a program that is not trusted
 *   proc          what /proc says
 *   text          escapes, letters, differences
 *   base          the clock, memory, errors
 *
 * A new step is a function in one of the files, and a row in play's table.
 *
 * Uses play.c, merge.c, guard.c, proc.c, text.c.
 */
#include "driver.h"

#include <limits.h>
#include <string.h>

enum { ANY = INT_MAX, PAIRS = -1 }; /* how many arguments at the most */

static const struct verb {
    const char *name, *arguments;
    int least, most;
    int (*function)(int count, char *argv[]); /* the count of arguments */
    const char *what;
} verbs[] = {
    { "listening", "PGID tcp|udp MS", 3, 3, verb_listening,
      "Waits until a process of the group PGID has a TCP socket that "
      "listens (or a UDP socket that is bound), and prints \"ADDRESS "
      "PORT\". It looks into /proc and connects to nothing. Exit status: 0 "
      "found, 3 the group has ended, 4 not within MS milliseconds." },
    { "ended", "PID MS", 2, 2, verb_ended,
      "Waits until the process has ended and its parent has taken note. "
      "Exit status: 0 ended, 1 not within MS milliseconds." },
    { "guard", "SECONDS [NAME=VALUE]... PROGRAM [ARGUMENT]...", 2, ANY,
      verb_guard,
      "Runs a program in a process group of its own, and waits until it "
      "and all that it has started have ended. When the time is over, or "
      "SIGTERM comes, or the guard's parent ends, or they have more in "
      "memory than MEMORY (environment, in MiB) allows, it kills them. "
      "Exit status: the program's; 128 and the number of the signal that "
      "ended it; 124 after the time; 126 if it could not be run. The "
      "program has no descriptor of ours but the first three; what else "
      "the guard was given it keeps open until it ends. The names are set "
      "in its environment. DESCRIPTORS and ADDRESS_SPACE (environment) are "
      "limits: so many of the first, so many bytes of the second. With "
      "BOX_KEEPER (environment) it runs in the box that the process of "
      "this number keeps open: with that box's files and no right there, "
      "with a PATH as its environment, and at most TASKS processes and "
      "threads in the box. What it leaves behind is killed when it ends." },
    { "tell", "tcp|udp|- SECONDS [NAME=VALUE]... PROGRAM [ARGUMENT]...", 3,
      ANY, verb_tell,
      "The same, and on descriptor 5 it prints \"ADDRESS PORT\" as soon as "
      "the program listens, unless \"-\" is given, and \"ended STATUS\" "
      "when it and all that it has started have ended." },
    { "plain", "", 0, 0, verb_plain,
      "Copies standard input, with all that is not plain ASCII escaped, "
      "and no line longer than 400 characters." },
    { "letters", "TEXT", 1, 1, verb_letters,
      "Prints the text in the letters of LETTERS (environment), which are "
      "those that texts have in place of a to z." },
    { "compare", "EXPECTED GOT", 2, 2, verb_compare,
      "Compares two files. Where they differ it prints both, escaped, with "
      "a mark under the first difference. Exit status: 0 the same, 1." },
    { "await", "FILE TEXT MS", 3, 3, verb_await,
      "Waits until the file holds exactly the TEXT (escaped, as below, and "
      "in the letters of LETTERS). Exit status: 0; 1 after MS "
      "milliseconds, with the difference." },
    { "merge", "NAME FIFO [NAME FIFO]...", 2, PAIRS, verb_merge,
      "Prints what comes out of the FIFOs, line by line as it comes, each "
      "behind its NAME and a space, until it is ended by a signal. Where "
      "several have something to say, the first named comes first." },
    { "play", "STEP...", 1, ANY, verb_play,
      "Plays a conversation, one argument a step: \"NAME STEP "
      "[ARGUMENT]\". NAME is a connection's; \"c*50\" does the step for c1 "
      "to c50. TEXT is escaped: \\n \\r \\t \\0 \\\\ \\xHH. Waiting ends "
      "after PATIENCE milliseconds (environment, 2000 unless set). The "
      "first step that fails ends it: all the steps so far are printed "
      "with what happened. Exit status: 0 all steps held, 1 one failed, 2 "
      "the script is wrong." },
};

enum { VERBS = sizeof verbs / sizeof *verbs };

static int fits(const struct verb *verb, int count)
{
    if (verb->most == PAIRS)
        return count >= verb->least && count % 2 == 0;
    return count >= verb->least && count <= verb->most;
}

int main(int argc, char *argv[])
{
    const struct verb *verb;
    for (verb = verbs; argc > 1 && verb < verbs + VERBS; verb++)
        if (strcmp(argv[1], verb->name) == 0 && fits(verb, argc - 2))
            return verb->function(argc - 2, argv + 2);
    fputs("usage: driver VERB [ARGUMENT]...\n", stderr);
    for (verb = verbs; verb < verbs + VERBS; verb++)
        print_entry(stderr, 2, 6, verb->name, verb->arguments, verb->what);
    fputs("\nThe steps of play:\n", stderr);
    print_steps(stderr);
    return 2;
}
