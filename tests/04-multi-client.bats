#!/usr/bin/env bats
# Lesson 04: what the multi-client pair promises, then what "house full" asks.

load harness

# Many clients at once, come and gone in all the ways there are, then leaves.
crowd() {
    play "a*$1 open $port" "b*$1 open $port" "c*$1 open $port" \
        "a*$1 send one" "b*$1 send two" "a*$1 reset" "c*$1 reset" \
        "d*$1 open $port" "d*$1 send three" "b*$1 close" "d*$1 close"
}

# Builds the server anew, with these arguments for the compiler. Passed over
# where no program can be built so, or what a sanitizer is built into does not
# run.
build_with() {
    local build="${CC:-cc} -g -pthread $*" log='' status=0
    by_hand="cc -g -pthread $* server.c -o server"
    if ! $build -o "$room/server" "$SOURCES/server.c" >"$room/build" 2>&1; then
        log=$(head -n 5 "$room/build")
    elif [[ $1 == -fsanitize* ]]; then
        # It runs here if it says no to a bad argument.
        PROGRAMS=$room start server-probe x
        hear server-probe "$PATIENCE" || status=${ended[server-probe]-0}
    else
        status=2
    fi
    if ((status != 2)); then
        echo 'int main(void) { return 0; }' >"$room/probe.c"
        { $build -o "$room/probe" "$room/probe.c" && "$room/probe"; } \
            >"$room/build" 2>&1 || skip "${CC:-cc} $1 does not work here"
    fi
    [ -z "$log" ] || fail 'The server does not build so:' "$log"
    PROGRAMS=$room
}

# A pthread_create that says no a number of times, and then makes threads that
# start late. Each may happen to any program.
wrapped_create() {
    cat <<'END'
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct job {
    void *(*run)(void *);
    void *argument;
};

static void *start_late(void *given)
{
    struct job job = *(struct job *)given;
    free(given);
    nanosleep(&(struct timespec){ .tv_nsec = LATE_MS * 1000000 }, NULL);
    return job.run(job.argument);
}

int __real_pthread_create(pthread_t *, const pthread_attr_t *,
                          void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *how,
                          void *(*run)(void *), void *argument)
{
    static int refused;
    if (refused < REFUSALS) {
        refused++;
        return EAGAIN;
    }
    struct job *job = malloc(sizeof *job);
    *job = (struct job){ run, argument };
    return __real_pthread_create(thread, how, start_late, job);
}
END
}

# Fails if the sanitizer has found something, and shows the first of it.
no_races() {
    grep -q 'data race' "$room/server.err" || return 0
    mv "$room/server.err" "$room/races"
    fail 'Two threads use the same memory, and nothing keeps them apart:' \
        "$(sed -nE 's/ at 0x[0-9a-f]+//
            s/ \(.*server\+0x.*//; s|/[^ ]*/||
            /^  (Write|Read|Previous|Location)|server\.c:/p
            /^  Location|^SUMMARY/q' "$room/races")"
}

# ---- the lesson ----------------------------------------------------------

# bats test_tags=lesson,server
@test "the server answers in upper case for as long as the client speaks" {
    about 'Run it' 'Each byte is answered as it comes, until recv gives 0.'
    server
    ask 'hello\nworld\n'
    expect 'HELLO\nWORLD\n'
}

# bats test_tags=lesson,server
@test "two clients are answered in turn, each in its own dialogue" {
    about 'Run it' 'A thread for each: while one waits in recv for its client,
the others and the accept loop go on.'
    server
    by_hand='nc 127.0.0.1 9999   (in two terminals, a line in each, in turn)'
    play "a open $port" "b open $port" 'b send second' 'b get SECOND' \
        'a send first' 'a get FIRST' 'b send again' 'b get AGAIN' \
        'a finish' 'a end' 'b finish' 'b end'
}

# bats test_tags=lesson,server
@test "clients that connect in one moment each get their own answers" {
    about 'How it works' 'A thread given the address of a variable reads it
when it starts: by then the next accept may have written there.'
    server
    play 'x signal STOP' "a*50 open $port" 'x signal CONT' \
        "a*50 send hello" 'a*50 get HELLO' 'a*50 send bye' 'a*50 get BYE' \
        'a*50 finish' 'a*50 end'
}

# bats test_tags=lesson,server
@test "1,000 clients are served at once" {
    about 'Break it' 'Each client costs a thread and a descriptor, and both
have to suffice for a thousand.'
    descriptors 1100
    server
    play "c*1000 served $port" 'c*1000 send hello\n' 'c*1000 get HELLO\n' \
        'c*1000 finish' 'c*1000 end'
}

# bats test_tags=lesson,server
@test "a message without a newline is answered, and so is what follows it" {
    about 'How it works' 'TCP carries bytes, not lines: answer what has come.'
    server
    play "c open $port" 'c send hello' 'c get HELLO' 'c send \n' 'c get \n'
}

# bats test_tags=lesson,server
@test "a client that leaves without a word costs only itself" {
    about 'How it works' 'recv gives 0 at the end of the stream: this thread
is done, and no other.'
    server
    play "a open $port" "c*20 open $port" 'c*20 close' "n served $port" \
        'a send here' 'a get HERE'
}

# bats test_tags=lesson,server
@test "a client that resets before its answer costs only itself" {
    about 'How it works' 'To send to a client that is gone raises SIGPIPE,
which ends the process and all its threads: MSG_NOSIGNAL.'
    server
    play "a open $port" 'a send x' 'a get X' 'x signal STOP' \
        "b open $port" 'b send hello' 'b reset' "c open $port" 'c reset' \
        "d open $port" 'd send hello' 'd finish' 'd reset' \
        'x signal CONT' "n served $port" 'a send here' 'a get HERE'
}

# bats test_tags=lesson,server
@test "a client that resets while its answer is on the way costs only itself" {
    about 'How it works' 'send gives -1 then: this thread is done, not the
program.'
    server
    play "a open $port" "c open $port" 'c pour 67108864' 'c reset' \
        'a quiet 100' "n served $port" 'a send here' 'a get HERE'
}

# bats test_tags=lesson,server
@test "a client that resets after its answer costs only itself" {
    about 'How it works' 'recv gives -1 after a reset: this thread is done,
not the program.'
    server
    play "a open $port" "c*20 open $port" 'c*20 send hello' \
        'c*20 get HELLO' 'c*20 reset' "n served $port" 'a send here' \
        'a get HERE'
}

# bats test_tags=lesson,server
@test "a client that half-closes still gets its whole answer, and the end" {
    about 'How it works' 'The end of what the client says is not the end of
what it reads: answer all, then close.'
    server
    play "c open $port" 'c send hello' 'c finish' 'c get HELLO' 'c end' \
        "n served $port"
}

# bats test_tags=lesson,server
@test "a client that dribbles, byte by byte, is answered" {
    about 'How it works' 'A message may come in as many pieces as it has bytes.'
    server
    play "c open $port" 'c slowly hello, world\n' 'c get HELLO, WORLD\n' \
        "n served $port"
}

# bats test_tags=lesson,server
@test "every byte value is answered: only a to z change" {
    about 'How it works' 'recv gives a count of bytes, not a string: NUL is
one of them, and bytes above 127 are letters in some places.'
    server
    play "c open $port" 'c all' 'c finish' 'c end' "n served $port"
}

# bats test_tags=lesson,server
@test "8 MiB to a slow reader arrive whole" {
    about 'How it works' 'send may take a part: go on with the rest, from
where it stopped.'
    server
    play "c open $port" 'c sip 8388608' 'c finish' 'c end' "n served $port"
}

# bats test_tags=lesson,server
@test "stopped and continued, the server goes on with its clients" {
    about 'How it works' 'A call that gives EINTR has not failed, and a send
that was interrupted has sent a part.'
    server
    play "a open $port" 'a send x' 'a get X' 'x signal STOP' \
        'a send hello' "b open $port" 'b send late' 'x signal CONT' \
        'a get HELLO' 'b get LATE' "n served $port" 'a pour 67108864' \
        'x signal STOP' 'x signal CONT' 'a drain'
}

# bats test_tags=lesson,server
@test "signals that mean nothing to the server change nothing" {
    about 'How it works' 'A call that gives EINTR has not failed.'
    server
    play "a open $port" 'a send x' 'a get X' 'x signal WINCH' \
        'x signal CHLD' 'x signal URG' 'x signal CONT' 'a send y' 'a get Y' \
        "n served $port"
}

# bats test_tags=lesson,server
@test "a silent client holds up nobody" {
    about 'How it works' 'recv waits for its own client only, in its own thread.'
    server
    play "c*5 open $port" "n served $port" 'n echo 100000' 'c1 send late' \
        'c1 get LATE'
}

# bats test_tags=lesson,server
@test "a client that never reads holds up nobody, and costs bounded memory" {
    about 'How it works' 'send waits when the client reads nothing; meanwhile
nothing more is read from it, and nothing is kept.'
    server
    play "a open $port" 'x weigh' "c open $port" 'c pour 67108864' \
        'x grown 16384' 'a echo 100000' "n served $port" 'n echo 100000' \
        'c drain'
}

# bats test_tags=lesson,server
@test "out of descriptors, the server serves those inside, rests, and lets in new ones when some leave" {
    about 'How it works' 'accept gives -1 and EMFILE, at once and again and
again: it must neither end the server nor be tried without a pause.'
    by_hand='(ulimit -n 24; ./server)'
    DESCRIPTORS=24 server
    play "c*60 open $port" 'c*10 send hello' 'c*10 get HELLO' 'x calm 250' \
        'c*10 send again' 'c*10 get AGAIN' 'c*60 send x' 'c*10 get X' \
        'c*9 close' 'c24 get X' 'c10 send here' 'c10 get HERE'
}

# bats test_tags=lesson,server
@test "each client that leaves gives its descriptor back" {
    about 'How it works' 'Each client is closed, whichever way it went: else
the descriptors run out one day.'
    by_hand='(ulimit -n 24; ./server)'
    DESCRIPTORS=24 server
    local steps=() i
    for i in {1..60}; do
        steps+=("c served $port" 'c reset' "c served $port" 'c close')
    done
    play "${steps[@]}"
}

# bats test_tags=lesson,server
@test "each client that leaves gives its thread's memory back" {
    about 'How it works' 'The remains of a thread are kept until somebody
joins it, unless it is detached.'
    by_hand='(ulimit -v 440000; ./server)'
    [ -z "${SANITIZE-}${WRAPPER-}" ] ||
        skip 'a sanitizer, or a wrapper, needs more memory than there is'
    ulimit -S -s 8192 2>/dev/null || true # so large is a thread's stack
    ADDRESS_SPACE=450000000 server
    local steps=() i
    # The threads of one round may not have ended when the next one begins.
    for i in {1..8}; do
        steps+=("c*10 served $port 500" 'c*10 finish' 'c*10 end' 'c*10 close')
    done
    play "${steps[@]}"
}

# bats test_tags=lesson,server
@test "many clients that come and go at once leave the server as it was" {
    about 'How it works' 'Threads share all memory: what each needs for its
client must be its own.'
    server
    crowd 50
    play "n served $port" 'n echo 100000'
}

# bats test_tags=lesson,server
@test "the server listens on the port it is told, again and at once" {
    about 'How it works' 'SO_REUSEADDR lets a new server take the port while
old connections are in TIME_WAIT.'
    server
    play "a served $port" "b served $port" 'x signal TERM' 'a end' 'b end'
    ends server 143
    server "$port"
    ask 'two\n'
    expect 'TWO\n'
}

# bats test_tags=lesson,server
@test "a port that is taken is status 1" {
    about 'Break it' 'bind says no when another program has the port.'
    peer 's listener' 'c accept s'
    start server "$port"
    ends server 1
}

# bats test_tags=lesson,server
@test "the server refuses a port that is none, and too many arguments" {
    about 'Run it' 'A port is a decimal number from 0 to 65535. What stands
behind it is bad usage too, unless it is what the exercise adds.'
    refuses server 65536
    refuses server -1
    refuses server ''
    refuses server 80x
    refuses server 0 x
    refuses server 0 2 more
}

# bats test_tags=lesson
@test "the client holds its dialogue while another client holds another" {
    about 'Run it' 'This is the client of lesson 03; the server is what changed.'
    server
    client
    say '\none\n'
    prints 'ONE\n'
    play "c open $port" 'c send two' 'c get TWO'
    say 'three\0\n'
    prints 'ONE\nTHREE\0\n'
    say 'exit\nnot this\n'
    prints 'ONE\nTHREE\0\nEXIT\n'
    ends client 0
}

# bats test_tags=lesson
@test "the client sends a last line without a newline, and leaves with status 0" {
    about 'Run it' 'At the end of its input it has nothing more to say.'
    server
    client
    say 'hello\nbye'
    hang_up
    ends client 0
    prints 'HELLO\nBYE'
}

# bats test_tags=lesson,client
@test "the client refuses a host that is no address, and a port that is none" {
    about 'Run it' 'HOST is an IPv4 address in numbers; names come later.'
    refuses client localhost
    refuses client 127.0.0.1 0
    refuses client 127.0.0.1 65536
}

# ---- the exercise: house full --------------------------------------------

# bats test_tags=exercise
@test "house full: MAX clients are served, one more is told busy, and the others go on" {
    about 'Exercise: house full' 'MAX are served, not one more and not one
less. The one too many is told at once, before it speaks.'
    by_hand='nc 127.0.0.1 9999   (in three terminals, with ./server 9999 2)'
    server 0 2
    play "a served $port" "b served $port" "c open $port" 'c busy' \
        'a send one' 'a get ONE' "d open $port" 'd busy' 'b send two' \
        'b get TWO'
}

# bats test_tags=exercise
@test "house full: with MAX 1 one client is served, and one after another" {
    about 'Exercise: house full'
    server 0 1
    play "a served $port" "b open $port" 'b busy' 'a finish' 'a end' \
        "b served $port 500" "c open $port" 'c busy'
}

# bats test_tags=exercise
@test "house full: one that is told busy but does not leave delays nobody" {
    about 'Exercise: house full' 'Tell it, close, and go on to the next: do
not wait for it in the accept loop.'
    server 0 2
    play "a served $port" "b served $port" "c*20 open $port" \
        'a send one' 'a get ONE' "d open $port" 'd busy' 'a close' \
        "e served $port 500" 'c*20 busy' 'b send two' 'b get TWO'
}

# bats test_tags=exercise
@test "house full: of many that come in one moment, exactly MAX are served" {
    about 'Exercise: house full' 'Take the place before the next accept: a
thread that has just been made may start later than that.'
    wrapped_create >"$room/create.c"
    build_with -Wl,--wrap=pthread_create -DLATE_MS=50 -DREFUSALS=0 \
        "$room/create.c"
    by_hand=''
    server 0 5
    play 'x signal STOP' "a*5 open $port" "b*20 open $port" \
        'x signal CONT' 'b*20 busy' 'a*5 send x' 'a*5 get X'
}

# bats test_tags=exercise
@test "house full: one that has already spoken is turned away too" {
    about 'Exercise: house full' 'It may see a reset, but never an answer.'
    server 0 1
    play "a served $port" 'x signal STOP' "c*5 open $port" 'c*5 send hello' \
        'x signal CONT' 'c*5 busy' 'a send one' 'a get ONE'
}

# bats test_tags=exercise
@test "house full: one that is turned away, or resets meanwhile, ends nothing" {
    about 'Exercise: house full' 'To send "busy" to a client that is gone
raises SIGPIPE: MSG_NOSIGNAL, there too.'
    server 0 1
    play "a served $port" 'x signal STOP' "c*5 open $port" 'c*5 finish' \
        'c*5 reset' 'x signal CONT' "d open $port" 'd busy' 'a send one' \
        'a get ONE'
}

# bats test_tags=exercise
@test "house full: those who are turned away take no place, and free none" {
    about 'Exercise: house full' 'Only a client that was let in is counted
when it leaves.'
    server 0 2
    play "a served $port" "b served $port" "c*9 open $port" 'c*9 busy' \
        'c*9 close' "d open $port" 'd busy' 'a close' \
        "e served $port 500" "f open $port" 'f busy'
}

# bats test_tags=exercise
@test "house full: the descriptors of those who are turned away are given back" {
    about 'Exercise: house full' 'Only close gives a descriptor back: after
shutdown, too, it is still taken.'
    by_hand='(ulimit -n 24; ./server 9999 2)'
    DESCRIPTORS=24 server 0 2
    play "a served $port" "b served $port" "c*60 open $port" 'c*60 busy' \
        'a close' "d served $port 500"
}

# bats test_tags=exercise
@test "house full: a place is free before the next one asks for it" {
    about 'Exercise: house full' 'Within 100 ms after one has left, not when
the next one comes: that one would be told busy.'
    server 0 2
    play "a served $port" "b served $port" 'a close' 'b quiet 350' \
        "c served $port"
}

# bats test_tags=exercise
@test "house full: one for whom no thread can be made takes no place" {
    about 'Exercise: house full' 'pthread_create failed: this client is gone,
and no thread will ever count it out.'
    wrapped_create >"$room/create.c"
    build_with -Wl,--wrap=pthread_create -DLATE_MS=0 -DREFUSALS=20 \
        "$room/create.c"
    by_hand='(ulimit -v 50000; ./server 9999 10)'
    server 0 5
    play "a*20 open $port" 'a*20 close' "b*5 served $port 500" \
        "c open $port" 'c busy'
}

# bats test_tags=exercise
@test "house full: a place is free again when a client closes" {
    about 'Exercise: house full' 'recv gives 0: count one client less, within
100 ms.'
    server 0 2
    play "b served $port" "a served $port" "c open $port" 'c busy' \
        'a close' "a served $port 500" 'a close' "a served $port 500" \
        "c open $port" 'c busy'
}

# bats test_tags=exercise
@test "house full: a place is free again when a client resets" {
    about 'Exercise: house full' 'recv gives -1: that is one client less too.'
    server 0 2
    play "b served $port" "a served $port" 'a reset' "a served $port 500" \
        'a reset' "a served $port 500" 'a quiet 100' "c open $port" 'c busy'
}

# bats test_tags=exercise
@test "house full: a place is free again when a client half-closes" {
    about 'Exercise: house full' 'It has said its last and has its answer: it
is served, even if it does not close its own side.'
    server 0 2
    play "b served $port" "a served $port" 'a finish' "d served $port 500" \
        'a end' 'd finish' "e served $port 500" "c open $port" 'c busy'
}

# bats test_tags=exercise
@test "house full: a place is free again when a client that never read leaves" {
    about 'Exercise: house full' 'send gives -1 when the client is gone: that
is one client less too.'
    server 0 2
    play "b served $port" "a served $port" 'a pour 67108864' \
        "c open $port" 'c busy' 'a close' "d served $port 500" \
        "c open $port" 'c busy'
}

# bats test_tags=exercise
@test "house full: when many have come and gone at once, exactly MAX fit again" {
    about 'Exercise: house full' 'The count is shared by all the threads:
without a lock (or an atomic), two that change it at once count as one.'
    descriptors 1100
    server 0 200
    crowd 50
    local all_at_once=("c*200 served $port 500" 'x signal STOP' 'c*200 close'
        'x signal CONT')
    play "${all_at_once[@]}" "${all_at_once[@]}" "${all_at_once[@]}" \
        "c*200 served $port 500" "x open $port" 'x busy'
}

# bats test_tags=exercise
@test "house full: no two threads use the count at the same time" {
    about 'Exercise: house full' 'clients++ reads, adds and writes. A thread
that does it meanwhile is lost. Change the count, and read it, under the same
lock (or make it an atomic).'
    [ -z "${WRAPPER-}" ] || skip 'the sanitizer runs under no wrapper'
    build_with -fsanitize=thread
    grep -q __tsan "$room/server" || skip "${CC:-cc} has no such sanitizer"
    environment=(TSAN_OPTIONS=report_signal_unsafe=0:report_bugs=1)
    server 0 4
    # Those who are silent give no sign to the others: nothing but a lock
    # comes between what their threads and the main thread do.
    local round=("a*2 open $port" "b served $port 500" 'a*2 send x'
        'a*2 get X' 'a*2 close' 'b close' "c*4 served $port 500" 'c*4 close'
        "d*4 served $port 500" "e open $port" 'e busy' 'd1 reset'
        "f served $port 500" 'd2 close' 'd3 close' 'd4 close' 'f close'
        "g*4 served $port 500" 'g*4 reset' "h*4 served $port 500"
        'h*4 close' "i*4 served $port 500" 'i*4 close'
        "j*4 served $port 500")
    play "${round[@]}"
    no_races
}

# bats test_tags=exercise
@test "house full: without MAX, 1,000 clients are served and one more is told busy" {
    about 'Exercise: house full' '1,000 unless given.'
    descriptors 1100
    server
    play "c*1000 served $port" "x open $port" 'x busy' 'c1 send x' \
        'c1 get X' 'c500 close' "n served $port 500" "x open $port" \
        'x busy'
}

# bats test_tags=exercise
@test "house full: a MAX that is no number above 0 is refused" {
    about 'Exercise: house full' 'A MAX of 0 would turn everybody away: that
is bad usage, status 2.'
    server 0 5000
    play "c served $port"
    refuses server 0 0
    refuses server 0 -1
    refuses server 0 ''
    refuses server 0 x
    refuses server 0 2x
    refuses server 0 2 more
}
