/* SPDX-License-Identifier: MIT
 * Collects codes from the command line and from files. */
#include "tui/cli/codes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/io.h"

enum { CODES_MAX = 256 << 20 };

/* The array doubles whenever its length is a power of two. */
enum err cli_add_code(struct cli *c, const char *code)
{
    if ((c->ncodes & (c->ncodes - 1)) == 0) {
        const char **more = realloc(c->codes, (c->ncodes ? c->ncodes * 2 : 1) * sizeof *more);
        if (!more)
            return ERR_NOMEM;
        c->codes = more;
    }
    c->codes[c->ncodes++] = code;
    return OK;
}

enum err cli_add_code_file(struct cli *c, const char *path)
{
    struct code_file *more = realloc(c->code_files, (c->ncode_files + 1) * sizeof *more);
    if (!more)
        return ERR_NOMEM;
    c->code_files = more;
    c->code_files[c->ncode_files++] = (struct code_file){.path = path, .before = c->ncodes};
    return OK;
}

/* Adds each line of `text` that is not empty. Lines end with \n or \r\n. The codes point into `text`. */
static enum err add_lines(struct cli *c, char *text)
{
    enum err err = OK;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line && !err; line = strtok_r(NULL, "\n", &rest)) {
        size_t len = strlen(line);
        if (len && line[len - 1] == '\r')
            line[--len] = '\0';
        if (len)
            err = cli_add_code(c, line);
    }
    return err;
}

/* O_NONBLOCK: opening a FIFO does not wait for a writer (fifo(7)); reading does, and has a deadline. */
static enum err read_file(struct cli *c, const char *path, struct problem *p)
{
    bool standard_input = strcmp(path, "-") == 0;
    int fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct buf text;
    if (fd < 0)
        return problem_errno(p, "--codes-from: cannot open %s", path);
    buf_init(&text, CODES_MAX);
    enum err err = io_read_all_by(fd, &text, c->deadline);
    if (!err && text.data)
        err = memchr(text.data, '\0', text.len) ? ERR_PARSE : texts_add(&c->code_texts, text.data);
    bool read = !err && text.data;
    buf_done(&text);
    if (read)
        err = add_lines(c, c->code_texts.v[c->code_texts.n - 1]);
    if (err == ERR_TIMEOUT)
        problem_set(p, err, "--codes-from %s: --timeout passed before all codes were read", path);
    else if (err)
        problem_set(p, err, "--codes-from %s: %s", path,
                    err == ERR_PARSE ? "the file contains a NUL byte" : err_text(err));
    if (!standard_input)
        close(fd);
    return err;
}

enum err cli_read_codes(struct cli *c, struct problem *p)
{
    const char **named = c->codes;
    size_t n = c->ncodes, next = 0;
    enum err err = OK;
    if (c->ncode_files == 0)
        return OK;
    c->codes = NULL;
    c->ncodes = 0;
    for (size_t i = 0; i < c->ncode_files && !err; i++) {
        while (next < c->code_files[i].before && !err)
            err = cli_add_code(c, named[next++]);
        if (!err)
            err = read_file(c, c->code_files[i].path, p);
    }
    while (next < n && !err)
        err = cli_add_code(c, named[next++]);
    free(named);
    return err;
}

void cli_codes_done(struct cli *c)
{
    free(c->codes);
    free(c->code_files);
    texts_done(&c->code_texts);
}
