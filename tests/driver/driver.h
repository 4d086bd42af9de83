/*
 * What the driver's files offer to each other. main.c says in which order
 * they stand: each uses those above it here.
 */
#ifndef DRIVER_H
#define DRIVER_H

#include <netinet/in.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

/* ---- base.c ---------------------------------------------------------- */

long long now(void);
void pause_ms(long ms);
void nap(long long began);
void *need(void *memory);
_Noreturn void script_error(const char *what, const char *text);
void hide(char *argv[]);

/* ---- text.c ---------------------------------------------------------- */

int differ(const unsigned char *expected, size_t expected_length,
           const unsigned char *got, size_t got_length);
unsigned char *unescape(const char *text, size_t *length);
char *in_letters(char *text);
void change_to_upper(unsigned char *bytes, size_t length);
void print_words(FILE *out, int at, int column, const char *words);
void print_entry(FILE *out, int indent, int column, const char *name,
                 const char *arguments, const char *what);
int verb_compare(int count, char *argv[]);
int verb_await(int count, char *argv[]);
int verb_letters(int count, char *argv[]);
int verb_plain(int count, char *argv[]);

/* ---- proc.c ---------------------------------------------------------- */

struct usage {
    long threads, kilobytes, wakes;
    int sleeps;             /* all its processes */
    long long microseconds; /* of processor time */
};

int does_run(long group);
void signal_tested(long group, int number);
int await_state(long group, char due, long long limit);
void kill_children(void);
int find_listener(long group, const char *protocol, FILE *out);
unsigned int bytes_unread(unsigned int port);
struct usage usage_of(long group);
long memory_below(void);
int verb_listening(int count, char *argv[]);
int verb_ended(int count, char *argv[]);

/* ---- box.c ----------------------------------------------------------- */

void must(int result, const char *what);
void limit_from(const char *name, unsigned int resource);
void enter_box(pid_t keeper);
void filter_calls(void);

/* ---- conversation.c -------------------------------------------------- */

struct connection {
    char name[32];
    size_t number; /* from 0 on, as they were made */
    int fd, is_udp;
    size_t poured, drained;  /* bytes, and those whose answers are seen */
    struct sockaddr_in peer; /* of the datagram that came last */
    unsigned char *taken;    /* that datagram */
    size_t taken_length;
    struct timespec came; /* when the kernel got it, by CLOCK_REALTIME */
    int late; /* we answered it so late that the peer may send it again */
};

/* A step of a script, as the functions of all steps get it. */
struct step {
    const char *name;     /* of its connection */
    struct connection *c; /* the connection, if the step needs one */
    int count;            /* of the connections, if it is for many, or 0 */
    const char *argument; /* or NULL */
    unsigned char *bytes; /* the argument's, if it is a text */
    size_t length;        /* of the bytes */
    long number;          /* the argument as a number */
    long group;           /* of the watched processes, or 0 */
};

void begin_conversation(char *script[]);
void note_step(int number);
void print_port(int port);
long long patience(void);
long watched(void);
_Noreturn void failed(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
_Noreturn void not_this(const unsigned char *expected,
                        size_t expected_length, const unsigned char *got,
                        size_t got_length, const char *why);
struct connection *find_connection(const char *name);
struct connection *name_connection(const char *name, int fd);
struct sockaddr_in loopback(const char *port);
void take_only_from(int fd, struct sockaddr_in a);
int await(int fd, short event, long long deadline);
void send_all(struct connection *c, const unsigned char *bytes,
              size_t length);
void get(struct connection *c, const unsigned char *expected,
         size_t length);

/* ---- steps.c --------------------------------------------------------- */

void step_send(const struct step *s);
void step_slowly(const struct step *s);
void step_get(const struct step *s);
void step_take(const struct step *s);
void step_all(const struct step *s);
void step_upper(const struct step *s);
void step_whoami(const struct step *s);
void step_end(const struct step *s);
void step_gone(const struct step *s);
void step_busy(const struct step *s);
void step_finish(const struct step *s);
void step_close(const struct step *s);
void step_reset(const struct step *s);
void step_listen(const struct step *s);
void step_none(const struct step *s);
void step_quiet(const struct step *s);
void step_until(const struct step *s);
void step_burst(const struct step *s);
void step_numbered(const struct step *s);
void step_nag(const struct step *s);
void step_to(const struct step *s);
void step_deaf(const struct step *s);
void step_hears(const struct step *s);
void step_said(const struct step *s);
void step_touch(const struct step *s);

/* ---- bulk.c ---------------------------------------------------------- */

void step_echo(const struct step *s);
void step_sip(const struct step *s);
void step_pour(const struct step *s);
void step_drain(const struct step *s);
void step_flood(const struct step *s);
void step_datagram(const struct step *s);

/* ---- open.c ---------------------------------------------------------- */

void step_open(const struct step *s);
void step_udp(const struct step *s);
void step_served(const struct step *s);
void step_bind(const struct step *s);
void step_listener(const struct step *s);
void step_udp_bind(const struct step *s);
void step_udp_deaf(const struct step *s);
void step_accept(const struct step *s);

/* ---- watch.c --------------------------------------------------------- */

void step_mark(const struct step *s);
void step_after(const struct step *s);
void step_before(const struct step *s);
void step_runs(const struct step *s);
void step_left(const struct step *s);
void step_signal(const struct step *s);
void step_rests(const struct step *s);
void step_threads(const struct step *s);
void step_weigh(const struct step *s);
void step_grown(const struct step *s);
void step_calm(const struct step *s);
void step_asleep(const struct step *s);
void start_clock(int with_lateness);

/* ---- guard.c --------------------------------------------------------- */

int verb_guard(int count, char *argv[]);
int verb_tell(int count, char *argv[]);

/* ---- merge.c --------------------------------------------------------- */

int verb_merge(int count, char *argv[]);

/* ---- play.c ---------------------------------------------------------- */

int verb_play(int count, char *argv[]);
void print_steps(FILE *out);

#endif
