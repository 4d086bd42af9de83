/*
 * The verb play: the table of all steps, and how a script of them is read
 * and done.
 *
 * Uses watch.c, open.c, bulk.c, steps.c, conversation.c, proc.c, text.c,
 * base.c.
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

/* Flags of a step. The first three say which kind of step it is. */
enum {
    MAKES = 1,    /* it makes the connection of its name */
    NEEDS = 2,    /* it is done on a connection that is there */
    WATCHES = 4,  /* it looks at the watched processes */
    ANY_TIME = 8, /* and they need not run */
    TEXT = 16,    /* its argument is a text with escapes */
    LETTERS = 32, /* and in the letters of LETTERS */
    AT_ONCE = 64, /* one call does it for many connections */
};

/* An argument in brackets may be left out; any other may not. */
static const struct row {
    const char *name, *arguments;
    int flags;
    void (*function)(const struct step *);
    const char *what;
} rows[] = {
    { "open", "PORT [FROM]", MAKES, step_open,
      "connect by TCP to 127.0.0.1:PORT, from the address FROM if it is "
      "given" },
    { "udp", "PORT [FROM]", MAKES, step_udp,
      "a UDP socket whose peer is 127.0.0.1:PORT" },
    { "served", "PORT [MS]", MAKES | AT_ONCE, step_served,
      "open, send \"a\", get \"A\". With MS: as long as the answer is "
      "\"busy\" or a close, once more, for MS ms" },
    { "bind", "[PORT]", MAKES, step_bind,
      "take a TCP port without listening: it refuses. The port is printed "
      "on standard output" },
    { "listener", "[PORT]", MAKES, step_listener,
      "bind, and listen before the port is printed" },
    { "udp-bind", "[PORT]", MAKES, step_udp_bind,
      "take a UDP port; it is printed" },
    { "udp-deaf", "[PORT]", MAKES, step_udp_deaf,
      "the same, and it refuses what comes" },
    { "accept", "LISTENER", MAKES, step_accept,
      "take the next client of this listener" },

    { "listen", "", NEEDS, step_listen,
      "listen on the port that is taken" },
    { "none", "MS", NEEDS, step_none,
      "nobody connects to this listener for MS ms" },
    { "send", "[TEXT]", NEEDS | TEXT | LETTERS, step_send,
      "send it all; by UDP as one datagram" },
    { "slowly", "TEXT", NEEDS | TEXT | LETTERS, step_slowly,
      "send it byte by byte, each as a segment of its own" },
    { "get", "[TEXT]", NEEDS | TEXT | LETTERS, step_get,
      "receive exactly this" },
    { "take", "[TEXT]", NEEDS | TEXT | LETTERS, step_take,
      "receive exactly this datagram; its sender is the peer now. The one "
      "before may come once more, if a busy machine let us answer it late: "
      "it is passed over" },
    { "whoami", "TEXT", NEEDS | TEXT, step_whoami,
      "send it, get this connection's own address" },
    { "quiet", "MS", NEEDS, step_quiet, "nothing comes for MS ms" },
    { "end", "[MS]", NEEDS, step_end,
      "the peer has ended, with nothing more to say; within MS ms, where "
      "given: 0 is now" },
    { "gone", "[MS]", NEEDS, step_gone,
      "the peer has ended, by an end or a reset" },
    { "busy", "", NEEDS, step_busy,
      "get \"busy\\n\" and the end, or a reset" },
    { "finish", "", NEEDS, step_finish, "half-close: send no more" },
    { "close", "", NEEDS, step_close, "close" },
    { "reset", "", NEEDS, step_reset, "close with a reset" },
    { "all", "", NEEDS, step_all,
      "send every byte value, get the answer to each" },
    { "echo", "N", NEEDS, step_echo,
      "send N bytes, and receive their answers meanwhile" },
    { "sip", "N", NEEDS, step_sip,
      "the same, and pause for 1 ms after each 256 KiB read" },
    { "pour", "N", NEEDS, step_pour,
      "send until the peer takes no more; it must stop before N bytes" },
    { "drain", "", NEEDS, step_drain,
      "receive the answers to all that was poured" },
    { "flood", "", NEEDS, step_flood,
      "send and never read, until the peer has gone" },
    { "upper", "", NEEDS, step_upper,
      "answer one client in upper case until it ends" },
    { "burst", "N", NEEDS, step_burst,
      "send N datagrams of one byte as fast as can be, then wait until the "
      "peer has read what it could keep" },
    { "datagram", "N", NEEDS, step_datagram,
      "send a datagram of N bytes, get its answer" },
    { "numbered", "N", NEEDS, step_numbered,
      "take the datagrams \"1 x\\n\" to \"N x\\n\", answer each" },
    { "nag", "TEXT", NEEDS | TEXT | LETTERS, step_nag,
      "send this datagram every 20 ms until one comes" },
    { "to", "OTHER", NEEDS, step_to,
      "what this UDP socket sends goes to OTHER's peer" },
    { "deaf", "", NEEDS, step_deaf,
      "this UDP socket refuses all datagrams" },
    { "hears", "", NEEDS, step_hears, "it takes those of its peer again" },
    { "until", "FILE", NEEDS, step_until,
      "the file is there; until then nobody has connected here, and "
      "nothing has come" },

    { "said", "FILE [MS]", 0, step_said,
      "a program has written to the file, or MS ms are over" },
    { "touch", "FILE", 0, step_touch,
      "make the file: a signal to the test" },
    { "mark", "", 0, step_mark, "the clock starts here" },
    { "after", "MS", 0, step_after,
      "at least MS ms have passed since the last \"mark\"" },
    { "before", "MS", 0, step_before,
      "at most MS ms have passed since then. The machine may be busy: ten "
      "times the longest that a process which slept had to wait for a "
      "processor is added" },

    { "runs", "", WATCHES | ANY_TIME, step_runs, "it has started" },
    { "left", "", WATCHES | ANY_TIME, step_left, "it has ended" },
    { "signal", "SIGNAL", WATCHES, step_signal,
      "send it STOP, CONT, WINCH, URG, CHLD or TERM; STOP: and wait until "
      "it has stopped" },
    { "rests", "", WATCHES, step_rests,
      "it comes to wait for something: a program that spins never does, "
      "however little of a processor it gets" },
    { "threads", "N", WATCHES, step_threads,
      "there are N threads at the most" },
    { "weigh", "", WATCHES, step_weigh, "note what memory it uses" },
    { "grown", "KB", WATCHES, step_grown,
      "it uses at most so much more than when weighed" },
    { "calm", "MS", WATCHES, step_calm,
      "it uses at most 10 % of a processor for MS ms, and it sleeps (a "
      "busy machine gives little to a program that spins)" },
    { "asleep", "MS", WATCHES, step_asleep,
      "the same, and it wakes at most twice" },
};

enum { ROWS = sizeof rows / sizeof *rows };

/* Prints the part of the usage about steps, kind by kind. */
void print_steps(FILE *out)
{
    static const struct {
        int kind;
        const char *heading;
    } kinds[] = {
        { MAKES, "These make the connection NAME:" },
        { NEEDS, "These are done on the connection NAME:" },
        { WATCHES,
          "These look at the program: the processes of the group WATCHED "
          "(environment), but for the guard, its first one. NAME is any:" },
        { 0, "The rest. NAME is any:" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        fputc('\n', out);
        print_words(out, 0, 2, kinds[i].heading);
        for (const struct row *row = rows; row < rows + ROWS; row++)
            if ((row->flags & (MAKES | NEEDS | WATCHES)) == kinds[i].kind)
                print_entry(out, 4, 22, row->name, row->arguments,
                            row->what);
    }
}

static const struct row *find_row(const char *name)
{
    for (const struct row *row = rows; row < rows + ROWS; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    script_error("no such step", name);
}

/* Does a step for one connection; or for so many, if count is not 0. */
static void do_step(const struct row *row, const char *name, int count,
                    const char *argument)
{
    struct step s = { .name = name,
                      .count = count,
                      .argument = argument,
                      .number = argument ? atol(argument) : 0,
                      .group = watched() };
    if (row->flags & NEEDS)
        s.c = find_connection(name);
    if (row->flags & TEXT)
        s.bytes = unescape(argument ? argument : "", &s.length);
    if (row->flags & WATCHES && !s.group)
        script_error("WATCHED is not set", row->name);
    if (row->flags & WATCHES && !(row->flags & ANY_TIME) &&
        !does_run(s.group))
        failed("the program has ended");
    row->function(&s);
    free(s.bytes);
}

/* Does a step for the connections STEM1 to STEMcount. */
static void do_for_many(const struct row *row, const char *stem, int count,
                        const char *argument)
{
    char name[32];
    if (row->flags & AT_ONCE && count > 0) {
        do_step(row, stem, count, argument);
        return;
    }
    for (int i = 1; i <= count; i++) {
        snprintf(name, sizeof name, "%s%d", stem, i);
        do_step(row, name, 0, argument);
    }
}

/* Does what a line of the script says: NAME STEP [ARGUMENT]. Changes it to
 * what is shown if it fails. */
static void do_line(char *line)
{
    char copy[8192], *argument = copy;
    if (strlen(line) >= sizeof copy)
        script_error("this step is too long", line);
    strcpy(copy, line);
    const char *name = strsep(&argument, " ");
    const char *step = strsep(&argument, " ");
    if (!step)
        script_error("a step is NAME STEP [ARGUMENT]", line);
    const struct row *row = find_row(step);
    if (!argument && *row->arguments && *row->arguments != '[')
        script_error("an argument is missing", line);
    if (argument && row->flags & LETTERS)
        strcpy(line + (argument - copy), in_letters(argument));
    char *star = strchr(name, '*');
    if (star) {
        *star = '\0';
        do_for_many(row, name, atoi(star + 1), argument);
    } else {
        do_step(row, name, 0, argument);
    }
}

int verb_play(int count, char *argv[])
{
    int with_lateness = 0;
    hide(argv);
    begin_conversation(argv);
    for (int i = 0; i < count; i++)
        with_lateness |= strstr(argv[i], " before ") != NULL;
    start_clock(with_lateness);
    for (int i = 0; i < count; i++) {
        note_step(i + 1);
        do_line(argv[i]);
    }
    return 0;
}
