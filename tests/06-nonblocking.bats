#!/usr/bin/env bats
# Lesson 06: what the nonblocking pair promises, then what "idle" asks.

load harness

# ---- the lesson ----------------------------------------------------------

# bats test_tags=lesson,server
@test "the server answers in upper case for as long as the client speaks" {
    about 'Run it' 'Each byte is answered as it comes, until recv gives 0.'
    server
    ask 'hello\nworld\n'
    expect 'HELLO\nWORLD\n'
}

# bats test_tags=lesson,server
@test "many clients are answered in turn, each with its own bytes" {
    about 'How it works' 'Each client needs a buffer and a place of its own:
what is kept for one must not reach another.'
    server
    by_hand='nc 127.0.0.1 9999   (in two terminals, a line in each, in turn)'
    play "a*20 open $port" "b*20 open $port" 'b*20 send second' \
        'a*20 send first' 'a*20 get FIRST' 'b*20 get SECOND' 'a*20 close' \
        'b*20 send again' 'b*20 get AGAIN' 'b*20 finish' 'b*20 end'
}

# bats test_tags=lesson,server
@test "1,000 clients are held by one thread, with little memory for each" {
    about 'How it works' 'One process, one thread, one poll for them all. What
a client costs is its buffer.'
    descriptors 1100
    local threads=1
    [[ ${SANITIZE-} != *thread* ]] || threads=2 # one is the sanitizer's
    server
    play 'x weigh' "c*1000 served $port" "x threads $threads" \
        'x signal STOP' 'c*1000 send hello\n' 'x signal CONT' \
        'c*1000 get HELLO\n' 'x grown 65536' 'x signal STOP' \
        'c*1000 finish' 'x signal CONT' 'c*1000 end'
}

# bats test_tags=lesson,server
@test "a message without a newline is answered, and so is what follows it" {
    about 'How it works' 'TCP carries bytes, not lines: answer what has come.'
    server
    play "c open $port" 'c send hello' 'c get HELLO' 'c send \n' 'c get \n'
}

# bats test_tags=lesson,server
@test "a client that leaves without a word costs only itself" {
    about 'How it works' 'recv gives 0 at the end of the stream: that client
is dropped, and those behind it in the array are kept.'
    server
    play "a open $port" "c*20 open $port" "b open $port" 'c*20 close' \
        "n served $port" 'a send here' 'a get HERE' 'b send too' 'b get TOO'
}

# bats test_tags=lesson,server
@test "a client that resets before its answer costs only itself" {
    about 'How it works' 'To send to a client that is gone raises SIGPIPE,
which ends the process: MSG_NOSIGNAL.'
    server
    play "a open $port" 'a send x' 'a get X' 'x signal STOP' \
        "b open $port" 'b send hello' 'b reset' "c open $port" 'c reset' \
        "d open $port" 'd send hello' 'd finish' 'd reset' \
        'x signal CONT' "n served $port" 'a send here' 'a get HERE'
}

# bats test_tags=lesson,server
@test "a client that resets while its answer is on the way costs only itself" {
    about 'How it works' 'poll reports the reset as POLLERR or POLLHUP: the
call that follows gives -1, and that client is dropped.'
    server
    play "a open $port" "c open $port" 'c pour 67108864' 'c reset' \
        "n served $port" 'a send here' 'a get HERE' 'x calm 60'
}

# bats test_tags=lesson,server
@test "a client that resets after its answer costs only itself" {
    about 'How it works' 'recv gives -1 after a reset: that client is dropped.'
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
        "d open $port" 'd pour 67108864' 'd finish' "n served $port" \
        'd drain' 'd end'
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
    about 'How it works' 'send takes a part, or gives EAGAIN: keep the rest
until poll says POLLOUT, and go on from where it stopped.'
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
        'x signal CHLD' 'x signal URG' 'x signal STOP' 'x signal CONT' \
        'a send y' 'a get Y' "n served $port"
}

# bats test_tags=lesson,server
@test "silent clients hold up nobody, and cost no processor time" {
    about 'How it works' 'No call waits but poll, and poll waits without limit.'
    server
    play "c*5 open $port" "n served $port" 'n echo 100000' 'x calm 60' \
        'c1 send late' 'c1 get LATE'
}

# bats test_tags=lesson,server
@test "a client that never reads holds up nobody, and costs bounded memory" {
    about 'How it works' 'send gives EAGAIN: wait for POLLOUT of this client,
and read nothing more from it until its answer has gone.'
    server
    play "a open $port" 'x weigh' "c open $port" 'c pour 67108864' \
        'x grown 16384' 'x calm 60' 'a echo 100000' "n served $port" \
        'n echo 100000' 'c drain'
}

# bats test_tags=lesson,server
@test "a client whose answer is on the way keeps it when others leave" {
    about 'How it works' 'The last client fills the gap: with it moves all that
is kept for it, the rest of its answer too.'
    server
    play "a open $port" "b open $port" "c open $port" 'c pour 67108864' \
        'b close' 'a close' "n served $port" 'c drain'
}

# bats test_tags=lesson,server
@test "out of descriptors, the server serves those inside, rests, and lets in new ones when some leave" {
    about 'How it works' 'accept gives -1 and EMFILE, and poll says again at
once that somebody waits: it must neither end the server nor make it spin.'
    by_hand='(ulimit -n 24; ./server)'
    DESCRIPTORS=24 server
    play "c*60 open $port" 'c*10 send hello' 'c*10 get HELLO' 'x calm 250' \
        'x mark' 'c1 send one' 'c1 get ONE' 'c1 send two' 'c1 get TWO' \
        'x before 500' 'c*10 send again' 'c*10 get AGAIN' 'c*60 send x' \
        'c*10 get X' 'c*9 close' 'c24 get X' 'c10 send here' 'c10 get HERE'
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
@test "the client talks with the server until exit, and leaves with status 0" {
    about 'Run it' 'Empty lines are not sent; exit is answered like any other
line, and nothing behind it is sent.'
    server
    client
    say '\nhello\n\n'
    prints 'HELLO\n'
    say 'a\0b\xc3\xa9\nexit now\n'
    prints 'HELLO\nA\0B\xc3\xa9\nEXIT NOW\n'
    say 'exit\nnot this\n'
    ends client 0
    prints 'HELLO\nA\0B\xc3\xa9\nEXIT NOW\nEXIT\n'
}

# bats test_tags=lesson,client
@test "the client prints an answer that comes late while it waits for input" {
    about 'How it works' 'Standard input and the socket are watched by one
poll: whichever has something comes first.'
    peer 's listener' 'c accept s' 'c get one\ntwo\n' 'c send ONE\n' \
        "c until $room/one" 'c send TWO\n' "c until $room/two" 'c close'
    client
    say 'one\ntwo\n'
    prints 'ONE\n'
    touch "$room/one"
    prints 'ONE\nTWO\n'
    runs client
    touch "$room/two"
    ends client 0
    peer_done
}

# bats test_tags=lesson,client
@test "half a line typed stops nothing, and goes with its other half" {
    about 'How it works' 'read gives what is there: half a line, or three.
A line, and the word exit, may begin in one piece and end in the next; to
wait for the newline would hold up the answers.'
    peer 's listener' 'c accept s' 'c get one\n' \
        "s until $room/half" 'c send ONE\n' 'c get hello\nx\ny\n' \
        'c send HELLO\nX\nY\n' 'c get exit\n' 'c send EXIT\n' 'c end'
    client
    say 'one\n'
    say 'hel'
    touch "$room/half"
    prints 'ONE\n'
    say 'lo\nx\n\ny\nex'
    prints 'ONE\nHELLO\nX\nY\n'
    say 'it\nnot this\n'
    ends client 0
    peer_done
}

# bats test_tags=lesson,client
@test "at the end of its input the client waits for what is unanswered" {
    about 'How it works' 'It leaves when nothing is outstanding, not before.
Meanwhile poll must not watch the input: at its end it is always readable.'
    peer 's listener' 'c accept s' 'c get one\n' 'c send ONE\n' \
        'c get hello\nbye' "c until $room/ended" 'c slowly HELLO\nBYE' 'c end'
    client
    say 'one\n'
    prints 'ONE\n'
    say 'hello\nbye'
    hang_up
    WATCHED=${group[client]} play 'x calm 60'
    touch "$room/ended"
    ends client 0
    peer_done
    prints 'ONE\nHELLO\nBYE'
}

# bats test_tags=lesson
@test "a line that no buffer holds goes through whole" {
    about 'How it works' 'Send what the socket takes, and read answers
meanwhile: to send all of it first would stop both sides.'
    server
    client
    many a >&"$writer" || fail 'The client reads no more of its input.'
    say '\n'
    hang_up
    finishes client 0
    printed <(many A; echo)
}

# bats test_tags=lesson
@test "with nothing to send the client leaves with status 0" {
    about 'Run it'
    server
    client
    say '\n\n'
    hang_up
    ends client 0
    prints ''
}

# bats test_tags=lesson,client
@test "closed with nothing unanswered is status 0, even while input may come" {
    about 'How it works' 'recv gives 0: the server has ended, and the client
need not wait for a line to see it.'
    peer 's listener' 'c accept s' 'c get hello\n' 'c send HELLO\n' \
        'c close'
    client
    say 'hello\n'
    ends client 0
    peer_done
    prints 'HELLO\n'
}

# bats test_tags=lesson,client
@test "closed with something unanswered is status 1" {
    about 'How it works' 'Count what was sent and what came back: the answer
to N bytes is N bytes.'
    peer 's listener' 'c accept s' 'c get hello\n' 'c send HELLO' \
        'c close'
    client
    say 'hello\n'
    ends client 1
    peer_done
    prints 'HELLO'
}

# bats test_tags=lesson,client
@test "a connection that breaks with something unanswered is status 1" {
    about 'Break it' 'recv says "Connection reset by peer".'
    peer 's listener' 'c accept s' 'c get hello\n' 'c reset'
    client
    say 'hello\n'
    ends client 1
    peer_done
}

# bats test_tags=lesson,client
@test "a connection that is refused is status 1, before anything is read" {
    about 'Break it' 'connect says "Connection refused" when nobody listens.'
    peer 's bind' "s until $room/done"
    client
    ends client 1
    touch "$room/done"
    peer_done
}

# bats test_tags=lesson,client
@test "the client refuses a host that is no address, and a port that is none" {
    about 'Run it' 'HOST is an IPv4 address in numbers; names come later.'
    refuses client localhost
    refuses client 127.0.0.1 0
    refuses client 127.0.0.1 65536
    refuses client 127.0.0.1 9999 more
}

# ---- the exercise: idle --------------------------------------------------

# bats test_tags=exercise
@test "idle: a client that says nothing is closed after IDLE_MS, and not before" {
    about 'Exercise: idle' 'Give poll the time until the first deadline: with
no limit it sleeps on, and with a fixed one it wakes too late.'
    by_hand='time ./client   (and type nothing; with ./server 9999 2000)'
    server 0 80
    play 'x mark' "c open $port" 'c end' 'x after 79' 'x before 330'
}

# bats test_tags=exercise
@test "idle: IDLE_MS is real time, in milliseconds" {
    about 'Exercise: idle' 'time counts whole seconds, and clock the processor
time, which stands still in poll: take clock_gettime with CLOCK_MONOTONIC.'
    server 0 80
    # A whole second can end just at the right moment, but not twice.
    play 'x mark' "c open $port" 'c end' 'x after 79' 'x before 330' \
        'x mark' "d open $port" 'd end' 'x after 79' 'x before 330'
}

# bats test_tags=exercise
@test "idle: one that keeps talking stays, and puts off nobody else's end" {
    about 'Exercise: idle' 'Every byte read sets the clock of its own client
back, and no other. poll has to wake for the first deadline, however often
somebody else is answered meanwhile.'
    server 0 500
    local talk
    talk=$(printf '%0270d' 0) # takes 540 ms at least
    play "a open $port" "c open $port" "c slowly $talk" 'a end' 'x mark' \
        'c send x' "c get ${talk}X" 'c end' 'x after 499' 'x before 900'
}

# bats test_tags=exercise
@test "idle: each is closed in its own time, also when another leaves before" {
    about 'Exercise: idle' 'A deadline belongs to one client: it has to move
with the client when the array is closed up.'
    server 0 600
    play "a open $port" "b open $port" 'b quiet 300' 'x mark' \
        "c served $port" "d served $port" 'b close' 'a end' 'd send x' 'd get X' \
        'c end' 'x after 599' 'x before 850'
}

# bats test_tags=exercise
@test "idle: the first to fall silent is closed before those that came later" {
    about 'Exercise: idle' 'poll has to wake for the first deadline: at the last
one it would close them all at once.'
    server 0 1000
    play 'x mark' "a open $port" 'a quiet 600' "b open $port" 'a end' \
        'x before 1150' 'b send x' 'b get X'
}

# bats test_tags=exercise
@test "idle: deadlines hold also while others talk without a pause" {
    about 'Exercise: idle' 'Then poll never runs out of its time: look at the
deadlines each time that it returns.'
    server 0 50
    local name
    for name in one two three; do
        # The machine may make one of them pause, and then it is closed, too.
        # It must not stop the server for that, as a step that fails does.
        in_background env -u WATCHED "$DRIVER" play "t open $port" \
            "x touch $room/$name" 't echo 400000000' >"$room/$name.out" 2>&1 &
        group[$name]=$!
    done
    play 's bind' "s until $room/one" "s until $room/two" \
        "s until $room/three" 'x mark' "c open $port" 'c end' 'x after 49' 'x before 400'
}

# bats test_tags=exercise
@test "idle: a line late in the idle time gives the whole time again" {
    about 'Exercise: idle' 'The new deadline counts from the moment of the
reading: the time from before poll is old when poll returns.'
    server 0 600
    play "c open $port" 'c quiet 300' 'x mark' 'c send x' 'c get X' 'c end' \
        'x after 599' 'x before 850'
}

# bats test_tags=exercise
@test "idle: out of descriptors, new ones are let in as before" {
    about 'Exercise: idle' 'The rest after a failed accept is a second, though
all deadlines are far away: poll takes the shorter of the two times.'
    by_hand='(ulimit -n 6; ./server 9999 60000)'
    DESCRIPTORS=24 server 0 60000
    play "c*30 open $port" 'c*10 send hello' 'c*10 get HELLO' 'c*30 send x' \
        'c*10 get X' 'c*9 close' 'c24 get X'
}

# bats test_tags=exercise
@test "idle: a new client starts with a clock of its own" {
    about 'Exercise: idle' 'The clock starts when the client is accepted: a
place in the array may still hold the deadline of the one before.'
    server 0 60
    play "a open $port" 'a end' 'x mark' "c open $port" 'c end' \
        'x after 59' 'x before 500'
}

# bats test_tags=exercise
@test "idle: a client that was silent for too long gives its descriptor back" {
    about 'Exercise: idle' 'It is closed, not only told the end, and it leaves
the array: else the descriptors run out one day.'
    by_hand='(ulimit -n 24; ./server 9999 100)'
    DESCRIPTORS=24 server 0 200
    play "c*15 open $port" 'c*15 end' "d*15 served $port"
}

# bats test_tags=exercise
@test "idle: a client that never reads is silent too" {
    about 'Exercise: idle' 'What counts is when something was last read from
it: while it is not read from, its clock runs on.'
    server 0 250
    play "a open $port" 'x mark' "c open $port" 'c flood' 'x after 249' \
        'x before 800' "n served $port"
}

# bats test_tags=exercise
@test "idle: 0, or no argument, means never" {
    about 'Exercise: idle' '0 is not "at once".'
    server 0 0
    play "c open $port" 'x asleep 100' "n served $port" 'c send x' 'c get X'
}

# bats test_tags=exercise
@test "idle: with nobody connected, the server uses no processor time" {
    about 'Exercise: idle' 'Nobody has a deadline then: poll waits without
limit, and does not look every few milliseconds.'
    server 0 30
    play "c open $port" 'c end' 'x asleep 150'
}

# bats test_tags=exercise
@test "idle: between deadlines, the server uses no processor time" {
    about 'Exercise: idle' 'poll waits until the first deadline, not a few
milliseconds, and not 0.'
    server 0 5000
    play "c*5 open $port" "n served $port" 'x asleep 150' 'n send x' \
        'n get X'
}

# bats test_tags=exercise
@test "idle: 300 clients that fall silent at once are all closed" {
    about 'Exercise: idle' 'When one is dropped another moves into its place:
that one has to be looked at too.'
    server 0 300
    play 'x mark' "c*300 open $port" 'c*300 send x' 'c*300 get X' \
        'c*300 end' 'x after 299' 'x before 1000' "n served $port"
}

# bats test_tags=exercise
@test "idle: an IDLE_MS that is no number from 0 is refused" {
    about 'Exercise: idle' 'Bad usage is status 2.'
    server 0 60000
    play "c served $port"
    refuses server 0 -1
    refuses server 0 ''
    refuses server 0 x
    refuses server 0 10x
    refuses server 0 10 more
}
