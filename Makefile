# The socket lab kit. `make help` lists the commands. Each is a program of its
# name in the folder of those who use it, and its header says more.

CC ?= cc
CFLAGS ?= -std=gnu11 -Wall -Wextra -O1 -g
DIR ?= lessons
LESSON ?=
SANITIZE ?=

# Programs are built into a folder of their own: DIR may be read-only.
BUILT := build/$(DIR)$(if $(SANITIZE),-$(SANITIZE))
FLAGS = $(CFLAGS) -pthread \
	$(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)

export CC CFLAGS DIR LESSON SANITIZE

# The student's, the instructor's and the maintainer's. Students get the first. A
# command is a file there, and no folder, whose name has no dot.
ROOMS := tests/commands tests/grading tests/kit
FOLDERS := $(patsubst %/.,%,$(wildcard $(ROOMS:=/*/.)))
COMMANDS := $(foreach file,$(filter-out $(FOLDERS),$(wildcard $(ROOMS:=/*))), \
	$(if $(findstring .,$(notdir $(file))),,$(file)))

.PHONY: all help clean lessons solutions tests slides $(notdir $(COMMANDS))

all: $(patsubst $(DIR)/%.c,$(BUILT)/%,$(wildcard $(DIR)/[0-9][0-9]-*/*.c))

# What the compiler says is kept beside the program, for the scoreboard.
$(BUILT)/%: $(DIR)/%.c
	@mkdir -p $(@D)
	@rm -f $@
	@$(CC) $(FLAGS) -o $@ $< >$@.log 2>&1; status=$$?; cat $@.log >&2; \
		exit $$status

# It is started hundreds of times, and a static program starts faster. Not every
# system can build one.
build/driver: $(wildcard tests/driver/*)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -O2 -static -o $@ tests/driver/*.c 2>/dev/null || \
		$(CC) $(CFLAGS) -O2 -o $@ tests/driver/*.c

# The servers that the lessons' are measured beside, and what loads them.
build/bench/%: tests/bench/peers/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -o $@ $< $(if $(filter uv,$*),-luv)

$(notdir $(COMMANDS)):
	@$(filter %/$@,$(COMMANDS))

# A folder is no command; that of the slides has a command's name.
.DEFAULT $(filter-out $(notdir $(COMMANDS)),lessons solutions tests slides):
	@echo "There is no '$@' in this kit. make help lists the commands." >&2; exit 2

# The scenes of make trace stand where a line says SCENES.
help:
	@awk 'sub(/^#:SCENES/, "") { while (("tests/trace/list" | getline) > 0) \
		print "                " $$0; next } sub(/^#: ?/, "")' Makefile

clean:
	rm -rf build
	rm -f lessons/*/server lessons/*/client

#: For the student
#:   make                      build every program into build/
#:   make demo [LESSON=01]     run a pair for real; both sides beside each other
#:   make diff [LESSON=03]     what the lesson changes in the one it starts from
#:   make trace [LESSON=03]    the calls of both sides, and the wire between them
#:              SCENE=two      another scene (its lesson unless LESSON is given):
#:SCENES
#:              SERVER=./mine CLIENT='nc -N 127.0.0.1 9999'   programs of your own
#:              SAY=words SVG=file   what is said; draw a picture into a file
#:              ROWS=3-16 or 10-     a part: the row below the dashed line is 1
#:   make check                grade all lessons: failures explained, scoreboard
#:   make check LESSON=03      grade one (3, 03 or 03-reconnecting)
#:   make hint LESSON=03       the next hint; again for a stronger one
#:   make watch LESSON=03      check again whenever a file is saved
#:   make reset LESSON=03      put the shipped files back; yours are kept
#:   make doctor               what this machine lacks, and how to get it
#:   make bench                how long the commands take, how the servers scale, and
#:                             the grading of a class
#:              PART=models    one part alone: commands, models or grading
#:              ROUNDS=5 MS=50 CLIENTS='1 100'   models: how many rounds (15), the
#:                             length of one (100 ms), with how many clients
#:   make clean                remove what was built
#: For the instructor
#:   make check DIR=solutions  the same tests on the solutions
#:   make grade SUBMISSIONS=in RESULTS=out   grade a class, each in a sandbox
#:   make merge RESULTS=out    write the class's tables and summary anew
#:   make handout              pack the kit for students: without solutions
#:   make slides               build the lectures: HTML and PDF in build/slides
#:   make gradescope           pack the autograder for Gradescope
#: For the maintainer: see tests/README.md
#:   make check DIR=solutions SANITIZE=address,undefined   (or thread)
#:   make distcheck            everything that proves the kit itself
#:   make distcheck-flakes     the tests again and again; RUNS=200 for many
#:   make registry             what a lesson lacks, and what belongs to none
#:   make answers [LESSON=03]  the wrong and the right answers
#:   make lint                 the compilers, the formatter, shellcheck
#:   make valgrind             the tests, with the solutions under valgrind
#:   make format               format the C files
