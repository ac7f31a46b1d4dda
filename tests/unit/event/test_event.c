/* SPDX-License-Identifier: MIT
 * core/event: encoding and decoding of all events and requests, also from hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/event/event.h"
#include "core/event/request.h"
#include "core/event/wire.h"

/* Gives every field a value that no other field has, so that swapped or forgotten ones are noticed. */
static void fill(const struct field *fields, void *record, int seed)
{
    for (const struct field *f = fields; f->kind != FIELD_END; f++, seed++) {
        void *at = (char *)record + f->offset;
        switch (f->kind) {
        case FIELD_INT: *(int64_t *)at = INT64_MIN + seed; break;
        case FIELD_REAL: *(double *)at = seed + 0.125; break;
        case FIELD_BOOL: *(int64_t *)at = 1; break;
        case FIELD_ENUM: *(int64_t *)at = f->names[1] ? 1 : 0; break;
        case FIELD_TEXT: assert_true(asprintf((char **)at, "%s %d: ü\n\x1b", f->name, seed) > 0); break;
        case FIELD_TEXTS:
            for (int i = 0; i < 3; i++)
                assert_int_equal(texts_addf(at, "%s %d", i ? f->name : "", i), OK);
            break;
        case FIELD_INTS:
            for (int i = 0; i < 5; i++)
                assert_int_equal(ints_add(at, INT64_MAX - i - seed), OK);
            break;
        case FIELD_END: break;
        }
    }
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_field(const struct field *f, const void *a, const void *b)
{
    const void *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;
    if (f->kind == FIELD_TEXT)
        return same_text(*(char *const *)x, *(char *const *)y);
    if (f->kind == FIELD_TEXTS) {
        const struct texts *s = x, *t = y;
        bool same = s->n == t->n;
        for (size_t i = 0; same && i < s->n; i++)
            same = same_text(s->v[i], t->v[i]);
        return same;
    }
    if (f->kind == FIELD_INTS) {
        const struct ints *s = x, *t = y;
        return s->n == t->n && (s->n == 0 || memcmp(s->v, t->v, s->n * sizeof *s->v) == 0);
    }
    return memcmp(x, y, sizeof(int64_t)) == 0;
}

static void assert_same(const struct field *fields, const void *a, const void *b)
{
    for (const struct field *f = fields; f->kind != FIELD_END; f++) {
        if (!same_field(f, a, b))
            fail_msg("field %s differs", f->name);
    }
}

static struct event filled_event(int type)
{
    struct event e = {.type = type, .time = 1.5};
    fill(event_fields((enum event_type)type), &e, 10);
    return e;
}

/* Decodes a copy in a block of its own, so that a sanitizer sees reads past its end. */
static enum err decode_event_copy(const char *data, size_t len, struct event *out)
{
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    if (len)
        memcpy(copy, data, len);
    enum err err = event_decode(len ? copy : copy + 1, len, out);
    free(copy);
    return err;
}

static void every_event_has_a_different_name(void **state)
{
    (void)state;
    for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
        assert_non_null(event_fields((enum event_type)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(event_name((enum event_type)i), event_name((enum event_type)j));
    }
    assert_string_equal(event_name(EVENT_TASK_ENDED), "task_ended");
    assert_string_equal(event_name(EVENT_TYPE_COUNT), "unknown");
    assert_int_equal(event_fields(EVENT_TYPE_COUNT)->kind, FIELD_END);
}

static void every_event_is_decoded_as_it_was_encoded(void **state)
{
    (void)state;
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        struct event e = filled_event(type), back, empty = {.type = type, .time = -1};
        struct buf b;
        buf_init(&b, 1 << 20);
        assert_int_equal(event_encode(&e, &b), OK);
        assert_int_equal(decode_event_copy(b.data, b.len, &back), OK);
        assert_int_equal(back.type, type);
        assert_true(back.time == 1.5);
        assert_same(event_fields((enum event_type)type), &e, &back);
        event_done(&back);
        event_done(&e);
        buf_clear(&b);
        assert_int_equal(event_encode(&empty, &b), OK);
        assert_int_equal(decode_event_copy(b.data, b.len, &back), OK);
        assert_same(event_fields((enum event_type)type), &empty, &back); /* a NULL text stays NULL */
        event_done(&back);
        buf_done(&b);
    }
}

static void a_copy_shares_no_memory(void **state)
{
    (void)state;
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        struct event e = filled_event(type), copy;
        assert_int_equal(event_copy(&e, &copy), OK);
        assert_same(event_fields((enum event_type)type), &e, &copy);
        event_done(&e);
        event_done(&copy); /* a sanitizer would notice shared memory */
        assert_int_equal(copy.type, 0);
    }
    struct event f = filled_event(EVENT_FINDING);
    struct finding copy;
    assert_int_equal(finding_copy(&f.finding, &copy), OK);
    assert_same(finding_fields, &f.finding, &copy);
    finding_done(&copy);
    event_done(&f);
}

static void decoded_lists_can_grow(void **state)
{
    (void)state;
    for (int n = 0; n < 20; n++) {
        struct event e = {.type = EVENT_TASK_ENDED}, back;
        struct finding f = {0};
        struct buf b;
        buf_init(&b, 4096);
        for (int i = 0; i < n; i++)
            assert_int_equal(ints_add(&e.task.ranges, i), OK);
        assert_int_equal(event_encode(&e, &b), OK);
        assert_int_equal(event_decode(b.data, b.len, &back), OK);
        for (int i = n; i < 3 * n + 3; i++) {
            assert_int_equal(ints_add(&back.task.ranges, i), OK);
            assert_int_equal(texts_addf(&f.evidence, "%d", i), OK);
        }
        for (int i = 0; i < 3 * n + 3; i++)
            assert_int_equal(back.task.ranges.v[i], i);
        event_done(&e);
        event_done(&back);
        finding_done(&f);
        buf_done(&b);
    }
}

static void refuses_truncated_events(void **state)
{
    (void)state;
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        struct event e = filled_event(type), back;
        struct buf b;
        buf_init(&b, 1 << 20);
        assert_int_equal(event_encode(&e, &b), OK);
        for (size_t len = 0; len < b.len; len++)
            assert_int_equal(decode_event_copy(b.data, len, &back), ERR_PARSE);
        assert_int_equal(buf_add_char(&b, 'x'), OK); /* bytes after the event are refused, too */
        assert_int_equal(decode_event_copy(b.data, b.len, &back), ERR_PARSE);
        event_done(&e);
        buf_done(&b);
    }
}

/* Replaces every byte of every event by values that make extreme lengths and counts. */
static void decodes_hostile_events_safely(void **state)
{
    (void)state;
    static const unsigned char evil[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
        struct event e = filled_event(type), back;
        struct buf b;
        buf_init(&b, 1 << 20);
        assert_int_equal(event_encode(&e, &b), OK);
        for (size_t at = 0; at < b.len * sizeof evil; at++) {
            char kept = b.data[at / sizeof evil];
            b.data[at / sizeof evil] = (char)evil[at % sizeof evil];
            enum err got = decode_event_copy(b.data, b.len, &back);
            assert_true(!got || got == ERR_PARSE || got == ERR_NOMEM);
            if (!got)
                event_done(&back);
            b.data[at / sizeof evil] = kept;
        }
        event_done(&e);
        buf_done(&b);
    }
}

static void decodes_random_bytes_safely(void **state)
{
    (void)state;
    unsigned short seed[3] = {1, 2, 3}; /* the same bytes every time */
    for (int round = 0; round < 20000; round++) {
        char bytes[256];
        struct event back;
        struct request request;
        size_t len = (size_t)nrand48(seed) % sizeof bytes;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(nrand48(seed) % 3 ? nrand48(seed) % 4 : nrand48(seed));
        int64_t type = nrand48(seed) % EVENT_TYPE_COUNT;
        if (len >= sizeof type)
            memcpy(bytes, &type, sizeof type);
        if (!decode_event_copy(bytes, len, &back))
            event_done(&back);
        if (!request_decode(bytes, len, &request))
            request_done(&request);
    }
}

static void refuses_an_event_of_unknown_type(void **state)
{
    (void)state;
    struct event e = {.type = EVENT_TYPE_COUNT}, back;
    struct buf b;
    buf_init(&b, 4096);
    assert_int_not_equal(event_encode(&e, &b), OK);
    static const int64_t types[] = {-1, EVENT_TYPE_COUNT, INT64_MAX, INT64_MIN, 1LL << 32};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char bytes[64] = {0};
        memcpy(bytes, &types[i], sizeof types[i]);
        assert_int_equal(decode_event_copy(bytes, sizeof bytes, &back), ERR_PARSE);
    }
    event_done(&e);
    buf_done(&b);
}

static void refuses_states_out_of_range(void **state)
{
    (void)state;
    struct event e = {.type = EVENT_TASK_ENDED, .task.state = TASK_LOST + 1}, back;
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(event_encode(&e, &b), OK);
    assert_int_equal(event_decode(b.data, b.len, &back), ERR_PARSE);
    buf_done(&b);
}

static void an_event_too_big_for_its_buffer_is_an_error(void **state)
{
    (void)state;
    struct event e = filled_event(EVENT_FINDING);
    struct buf b;
    buf_init(&b, 40);
    assert_int_equal(event_encode(&e, &b), ERR_TOO_BIG);
    event_done(&e);
    buf_done(&b);
}

static void every_request_is_decoded_as_it_was_encoded(void **state)
{
    (void)state;
    for (int type = 0; type < REQUEST_TYPE_COUNT; type++) {
        struct request r = {0}, back;
        struct buf b;
        buf_init(&b, 1 << 20);
        fill(request_fields, &r, 20);
        r.type = type;
        assert_int_equal(request_encode(&r, &b), OK);
        assert_int_equal(request_decode(b.data, b.len, &back), OK);
        assert_same(request_fields, &r, &back);
        request_done(&back);
        for (size_t len = 0; len < b.len; len++)
            assert_int_equal(request_decode(b.data, len, &back), ERR_PARSE);
        request_done(&r);
        buf_done(&b);
    }
    struct request unknown = {.type = REQUEST_TYPE_COUNT}, back;
    struct buf b;
    buf_init(&b, 4096);
    assert_int_equal(request_encode(&unknown, &b), OK);
    assert_int_equal(request_decode(b.data, b.len, &back), ERR_PARSE);
    buf_done(&b);
}

static void packs_many_tasks_into_one_event(void **state)
{
    enum { N = 300 };
    (void)state;
    struct event e = {.type = EVENT_TASKS, .tasks = {.run = 3, .finished = 200, .failed = 100}}, back;
    struct event_tasks_at at = {0};
    struct event_task t;
    struct buf b;
    for (int i = 0; i < N; i++) {
        int64_t ranges[] = {i, 1, 2 * i, 7};
        struct event_task one = {.task = i + 1,
                                 .code = i % 2 ? (char *)"0001" : NULL,
                                 .worker = i % 3,
                                 .rows = i,
                                 .state = i % 3 ? TASK_FINISHED : TASK_FAILED,
                                 .seconds = i / 1000.0,
                                 .error = i % 3 ? NULL : (char *)"it failed",
                                 .ranges = {ranges, i % 5 ? 4 : 0}};
        assert_int_equal(event_tasks_add(&e.tasks, &one), OK);
    }
    buf_init(&b, 1 << 20);
    assert_int_equal(event_encode(&e, &b), OK);
    assert_int_equal(event_decode(b.data, b.len, &back), OK);
    for (int i = 0; i < N; i++) {
        assert_int_equal(event_tasks_next(&back.tasks, &at, &t), OK);
        assert_true(t.run == 3 && t.task == i + 1 && t.worker == i % 3 && t.rows == i);
        assert_int_equal(t.state, i % 3 ? TASK_FINISHED : TASK_FAILED);
        assert_true(t.seconds > i / 1000.0 - 1e-6 && t.seconds < i / 1000.0 + 1e-6);
        assert_int_equal(t.ranges.n, i % 5 ? 4 : 0);
        assert_true(t.ranges.n == 0 || (t.ranges.v[0] == i && t.ranges.v[3] == 7));
        assert_int_equal(t.code != NULL, i % 2);
        assert_int_equal(t.error != NULL, i % 3 == 0);
    }
    assert_int_equal(event_tasks_next(&back.tasks, &at, &t), ERR_NOT_FOUND);
    event_done(&e);
    event_done(&back);
    buf_done(&b);
}

/* Malformed lists are refused, or read within their bounds. */
static void reads_malformed_packed_tasks_safely(void **state)
{
    (void)state;
    unsigned seed = 11;
    for (int round = 0; round < 20000; round++) {
        struct event e = {.type = EVENT_TASKS};
        struct event_tasks_at at = {0};
        struct event_task t;
        for (int i = rand_r(&seed) % 20; i > 0; i--)
            assert_int_equal(ints_add(&e.tasks.ended, rand_r(&seed) % 4 ? rand_r(&seed) % 8 : rand_r(&seed) - 1000000),
                             OK);
        if (rand_r(&seed) % 2)
            assert_int_equal(texts_add(&e.tasks.codes, "0001"), OK);
        while (!event_tasks_next(&e.tasks, &at, &t))
            assert_true(t.ranges.n <= e.tasks.ended.n);
        event_done(&e);
    }
}

static void formats_the_text_of_a_note(void **state)
{
    (void)state;
    struct event e;
    event_note(&e, NOTE_WARNING, "worker %d of %s", 3, "run 1");
    assert_int_equal(e.type, EVENT_NOTE);
    assert_int_equal(e.note.level, NOTE_WARNING);
    assert_string_equal(e.note.text, "worker 3 of run 1");
    event_done(&e);
    assert_null(text_dup(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_has_a_different_name),
        cmocka_unit_test(every_event_is_decoded_as_it_was_encoded),
        cmocka_unit_test(a_copy_shares_no_memory),
        cmocka_unit_test(decoded_lists_can_grow),
        cmocka_unit_test(refuses_truncated_events),
        cmocka_unit_test(decodes_hostile_events_safely),
        cmocka_unit_test(decodes_random_bytes_safely),
        cmocka_unit_test(refuses_an_event_of_unknown_type),
        cmocka_unit_test(refuses_states_out_of_range),
        cmocka_unit_test(an_event_too_big_for_its_buffer_is_an_error),
        cmocka_unit_test(every_request_is_decoded_as_it_was_encoded),
        cmocka_unit_test(packs_many_tasks_into_one_event),
        cmocka_unit_test(reads_malformed_packed_tasks_safely),
        cmocka_unit_test(formats_the_text_of_a_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
