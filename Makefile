# The socket lab kit. `make help` lists the commands.

CC ?= cc
CFLAGS ?= -std=gnu11 -Wall -Wextra -O1 -g
LDLIBS =
DIR ?= lessons
LESSON ?=
SANITIZE ?=

# Programs are built into a folder of their own: DIR may be read-only.
OUT := build/$(DIR)$(if $(SANITIZE),-$(SANITIZE))
SOURCES := $(wildcard $(DIR)/[0-9][0-9]-*/*.c)
PROGRAMS := $(SOURCES:$(DIR)/%.c=$(OUT)/%)
FLAGS = $(CFLAGS) -pthread $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer)

export CC CFLAGS DIR LESSON SANITIZE

.PHONY: all check demo hint watch reset doctor help clean format

all: $(PROGRAMS) ## build every program into build/

# What the compiler says is kept beside the program, for the scoreboard.
$(OUT)/%: $(DIR)/%.c
	@mkdir -p $(@D)
	@rm -f $@
	@$(CC) $(FLAGS) -o $@ $< >$@.log 2>&1; status=$$?; cat $@.log >&2; exit $$status

build/driver: tests/driver.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -o $@ $<

check:
	@tests/commands/check

clean:
	rm -rf build
	rm -f lessons/*/server lessons/*/client
