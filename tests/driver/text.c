/*
 * Texts and bytes: how they are escaped, changed to other letters, shown
 * and compared. The verbs compare, await, letters and plain.
 *
 * Uses base.c.
 */
#include "driver.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 48 }; /* at most so many bytes of a text are shown */

/* Writes one byte as it is escaped. Returns how many columns it takes. */
static int escape(char *out, unsigned char byte)
{
    switch (byte) {
    case '\n':
        return sprintf(out, "\\n");
    case '\r':
        return sprintf(out, "\\r");
    case '\t':
        return sprintf(out, "\\t");
    case '\\':
        return sprintf(out, "\\\\");
    default:
        return sprintf(out, byte >= 32 && byte < 127 ? "%c" : "\\x%02x",
                       byte);
    }
}

/* Prints some of the bytes, escaped, starting at "from". Returns the column
 * at which the byte number "mark" begins. */
static int show(const unsigned char *bytes, size_t from, size_t length,
                size_t mark)
{
    char out[8];
    int column = 0, at = 0;
    if (from > 0)
        column += printf("... ");
    column += printf("\"");
    for (size_t i = from; i < length && i < from + SHOWN; i++) {
        if (i == mark)
            at = column;
        column += escape(out, bytes[i]);
        fputs(out, stdout);
    }
    if (mark >= length)
        at = column;
    printf(length > from + SHOWN ? "\" ... (%zu bytes)" : "\"", length);
    return at;
}

/* Prints what was expected and what came, with a mark under the first
 * difference. Returns 1 if there is one. */
int differ(const unsigned char *expected, size_t expected_length,
           const unsigned char *got, size_t got_length)
{
    size_t i = 0;
    if (expected_length == got_length &&
        memcmp(expected, got, got_length) == 0)
        return 0;
    while (i < expected_length && i < got_length && expected[i] == got[i])
        i++;
    size_t from = i > SHOWN / 2 ? i - SHOWN / 2 : 0;
    printf("expected  ");
    show(expected, from, expected_length, i);
    printf("\ngot       ");
    int at = show(got, from, got_length, i);
    printf("\n%*s^ byte %zu\n", 10 + at, "", i + 1);
    return 1;
}

static unsigned char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "r");
    if (!file)
        script_error(path, strerror(errno));
    unsigned char *bytes = NULL;
    size_t room = 0, n;
    *length = 0;
    do {
        bytes = need(realloc(bytes, room += 65536));
        n = fread(bytes + *length, 1, room - *length, file);
        *length += n;
    } while (n > 0);
    fclose(file);
    return bytes;
}

/* Turns the escapes of a text into bytes. */
unsigned char *unescape(const char *text, size_t *length)
{
    unsigned char *out = need(malloc(strlen(text) + 1)), *to = out;
    for (; *text; text++) {
        if (*text != '\\') {
            *to++ = (unsigned char)*text;
            continue;
        }
        unsigned int hex;
        switch (*++text) {
        case 'n':
            *to++ = '\n';
            break;
        case 'r':
            *to++ = '\r';
            break;
        case 't':
            *to++ = '\t';
            break;
        case '0':
            *to++ = '\0';
            break;
        case '\\':
            *to++ = '\\';
            break;
        case 'x':
            if (sscanf(text + 1, "%2x", &hex) != 1)
                script_error("two hexadecimal digits after \\x", text);
            *to++ = (unsigned char)hex;
            text += 2;
            break;
        default:
            script_error("no such escape", text);
        }
    }
    *length = (size_t)(to - out);
    return out;
}

/* LETTERS, from the environment, says which letters a text has in place of
 * a to z, so that no program can know the texts beforehand. Changes the
 * text, but not the escapes in it. */
char *in_letters(char *text)
{
    const char *letters = getenv("LETTERS");
    if (!letters || strlen(letters) != 26)
        return text;
    for (char *c = text; *c; c++)
        if (*c == '\\' && c[1])
            c += c[1] == 'x' && c[2] && c[3] ? 3 : 1;
        else if (*c >= 'a' && *c <= 'z')
            *c = letters[*c - 'a'];
        else if (*c >= 'A' && *c <= 'Z')
            *c = (char)toupper(letters[*c - 'A']);
    return text;
}

/* Changes a to z, and nothing else, to upper case, as the servers do. */
void change_to_upper(unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] >= 'a' && bytes[i] <= 'z')
            bytes[i] = (unsigned char)(bytes[i] - 'a' + 'A');
}

/* ---- the layout of the usage ----------------------------------------- */

/* Prints words in lines of at most 76 columns. All lines begin at a column;
 * the first one may have something else before it, which ends at "at". */
void print_words(FILE *out, int at, int column, const char *words)
{
    while (*words) {
        int length = (int)strcspn(words, " ");
        if (at > column && at + 1 + length > 76) {
            fputc('\n', out);
            at = 0;
        }
        at += fprintf(out, "%*s%.*s", at > column ? 1 : column - at, "",
                      length, words);
        words += length;
        words += strspn(words, " ");
    }
    fputc('\n', out);
}

/* Prints how something is called, its arguments, and what it does. */
void print_entry(FILE *out, int indent, int column, const char *name,
                 const char *arguments, const char *what)
{
    int at = fprintf(out, "%*s%s%s%s", indent, "", name,
                     *arguments ? " " : "", arguments);
    if (at >= column) {
        fputc('\n', out);
        at = 0;
    }
    print_words(out, at, column, what);
}

/* ---- verbs ----------------------------------------------------------- */

int verb_compare(int count, char *argv[])
{
    (void)count;
    size_t expected_length, got_length;
    unsigned char *expected = read_file(argv[0], &expected_length);
    unsigned char *got = read_file(argv[1], &got_length);
    int result = differ(expected, expected_length, got, got_length);
    free(expected);
    free(got);
    return result;
}

int verb_await(int count, char *argv[])
{
    (void)count;
    hide(argv);
    const char *path = argv[0];
    size_t length, got_length;
    unsigned char *expected = unescape(in_letters(argv[1]), &length), *got;
    long long began = now(), deadline = began + atol(argv[2]);
    for (;;) {
        got = read_file(path, &got_length);
        if (got_length == length && memcmp(got, expected, length) == 0)
            return 0;
        if (now() >= deadline)
            return differ(expected, length, got, got_length);
        free(got);
        nap(began);
    }
}

int verb_letters(int count, char *argv[])
{
    (void)count;
    return puts(in_letters(argv[0])) < 0;
}

/* The output may end in a terminal or a table, where other bytes, and lines
 * without an end, would do harm. */
int verb_plain(int count, char *argv[])
{
    (void)count, (void)argv;
    size_t length = 0;
    for (int c; (c = getchar()) != EOF;)
        if (c == '\n')
            length = 0, putchar(c);
        else if (++length > 400)
            continue;
        else if (c < ' ' || c > '~')
            printf("\\x%02x", (unsigned)c);
        else
            putchar(c);
    return fflush(stdout) == 0 ? 0 : 1;
}
