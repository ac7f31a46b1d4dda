/* SPDX-License-Identifier: MIT
 * Raw structure on x86-64 with AVX2 and carry-less multiplication: 64 bytes in some twenty instructions. A carry-less
 * product of the mask of quotes and all ones is the mask of bytes within quotes (Langdale and Lemire, 2019). */
#include "core/table/index/raw.h"

#ifdef __x86_64__
#include <immintrin.h>
#if __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#endif

#include "core/table/index/raw_loops.h"

#define FOR_AVX2 __attribute__((target("avx2,pclmul,popcnt,bmi")))

/* Asks the C library, which has already queried the CPU. The compiler's builtin would query it again at every start of
 * the program, and each query traps on a virtual machine. */
#ifdef CPU_FEATURE_ACTIVE
bool raw_has_avx2(void)
{
    return CPU_FEATURE_ACTIVE(AVX2) && CPU_FEATURE_ACTIVE(PCLMULQDQ) && CPU_FEATURE_ACTIVE(POPCNT) &&
           CPU_FEATURE_ACTIVE(BMI1);
}
#else
bool raw_has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt") &&
           __builtin_cpu_supports("bmi");
}
#endif

FOR_AVX2 static inline uint64_t equal_mask(__m256i low, __m256i high, __m256i c)
{
    uint32_t a = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, c));
    uint32_t b = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, c));
    return a | (uint64_t)b << 32;
}

FOR_AVX2 static void split_avx2(const char *text, size_t len, char delimiter, struct raw_state *s, uint64_t *ends,
                                uint64_t *seps)
{
    const __m256i quotes = _mm256_set1_epi8('"'), delimiters = _mm256_set1_epi8(delimiter);
    const __m256i newlines = _mm256_set1_epi8('\n'), crs = _mm256_set1_epi8('\r');
    const __m128i ones = _mm_set1_epi8(-1);
    for (size_t at = 0; at < len; at += 64, text += 64) {
        uint64_t valid = len - at < 64 ? ((uint64_t)1 << (len - at)) - 1 : UINT64_MAX;
        __m256i low = _mm256_loadu_si256((const __m256i *)text), high = _mm256_loadu_si256((const __m256i *)text + 1);
        struct raw_bytes b = {equal_mask(low, high, quotes) & valid, equal_mask(low, high, delimiters) & valid,
                              equal_mask(low, high, newlines) & valid};
        uint64_t marks = b.quote | b.delimiter | b.newline;
        __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)b.quote), ones, 0);
        uint64_t in = (uint64_t)_mm_cvtsi128_si64(product) ^ s->inside;
        s->inside = 0 - (in >> 63);
        *ends++ = b.newline & ~in;
        *seps++ = b.delimiter & ~in;
        if (b.quote | s->after_quote | s->after_cr)
            s->strange |= (raw_strange(&b, in, marks, equal_mask(low, high, crs), s) & valid) != 0;
        s->after_mark = marks >> 63;
        s->after_quote = b.quote >> 63;
    }
}

FOR_AVX2 static void tally_avx2(struct raw_tally *t, const uint64_t *ends, const uint64_t *seps, size_t words,
                                uint64_t offset)
{
    raw_tally_words(t, ends, seps, words, offset);
}

/* Compares 32 bytes with a byte of the probe, after setting the case bit if case does not matter. */
FOR_AVX2 static inline __m256i look(const char *at, __m256i fold, __m256i byte)
{
    return _mm256_cmpeq_epi8(_mm256_or_si256(_mm256_loadu_si256((const __m256i *)at), fold), byte);
}

FOR_AVX2 static size_t probe_avx2(const struct raw_probe *p, const char *text, size_t len, size_t from)
{
    __m256i byte[RAW_PROBES], fold[RAW_PROBES];
    const char *probe[RAW_PROBES];
    for (int k = 0; k < RAW_PROBES; k++) {
        byte[k] = _mm256_set1_epi8((char)p->bytes[p->at[k]]);
        fold[k] = _mm256_set1_epi8((char)p->fold[p->at[k]]);
        probe[k] = text + p->at[k];
    }
    for (size_t i = from; i + p->len <= len; i += 32) {
        __m256i hit = _mm256_and_si256(look(probe[0] + i, fold[0], byte[0]), look(probe[1] + i, fold[1], byte[1]));
        hit = _mm256_and_si256(hit, look(probe[2] + i, fold[2], byte[2]));
        hit = _mm256_and_si256(hit, look(probe[3] + i, fold[3], byte[3]));
        for (uint32_t left = (uint32_t)_mm256_movemask_epi8(hit); left; left &= left - 1) {
            size_t at = i + (size_t)__builtin_ctz(left);
            if (at + p->len > len)
                return len;
            if (raw_is_there(p, text + at))
                return at;
        }
    }
    return len;
}

const struct raw_ops raw_avx2 = {"avx2", split_avx2, tally_avx2, probe_avx2};
#endif
