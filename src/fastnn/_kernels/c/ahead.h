/* The next batch's rows, asked for while this one is computed.
 *
 * Rows in a random order come from memory, and a burst of requests would only wait where the rows themselves would.
 * So the kernel that gathers a batch notes which rows its thread will gather next, and the matrix products ask for
 * a few cache lines between two tiles. Nothing is read but row numbers, and those only while the plan runs: the
 * executor forgets the note at its end. */
#ifndef FNN_AHEAD_H
#define FNN_AHEAD_H

#include "fnn.h"

enum { FNN_AHEAD_LINES = 8 }; /* between two tiles, and at most */

typedef struct {
    const char *line, *end;     /* what is left of the row; line >= end: nothing */
    const char *source;
    const int64_t *perm;        /* the rows after it: perm[next] .. perm[last-1] of source, or, NULL: next .. last-1 */
    int64_t next, last, row_bytes, stride, rows;
    int pace;                   /* lines at a time */
} fnn_ahead;

#if defined(__ELF__)
extern _Thread_local fnn_ahead fnn_ahead_here __attribute__((tls_model("initial-exec"), visibility("hidden")));
#else
extern _Thread_local fnn_ahead fnn_ahead_here;
#endif

/* Row `i` of the order, within the source. */
static inline const char *fnn_ahead_row(const fnn_ahead *a, int64_t i)
{
    return a->source + fnn_clamp(a->perm ? a->perm[i] : i, a->rows) * a->stride;
}

static inline void fnn_ahead_note(fnn_ahead note)
{
    note.line = note.end = 0;
    fnn_ahead_here = note;
}

static inline void fnn_ahead_forget(void)
{
    fnn_ahead_here.line = fnn_ahead_here.end;
    fnn_ahead_here.next = fnn_ahead_here.last;
}

static inline void fnn_ahead_fetch(int lines)
{
    if (fnn_ahead_here.line >= fnn_ahead_here.end && fnn_ahead_here.next >= fnn_ahead_here.last)
        return;
    fnn_ahead a = fnn_ahead_here;
    for (; lines > 0; lines--, a.line += 64) {
        if (a.line >= a.end) {
            if (a.next >= a.last)
                break;
            a.line = fnn_ahead_row(&a, a.next++);
            a.end = a.line + a.row_bytes;
        }
        __builtin_prefetch(a.line);
    }
    fnn_ahead_here = a;
}

static inline int64_t fnn_ahead_lines(int64_t bytes) { return (bytes + 63) / 64; }

/* Spreads what is left to ask for over so many times: then none waits for long in a cache through which weights pass. */
static inline void fnn_ahead_pace(int64_t times)
{
    fnn_ahead *a = &fnn_ahead_here;
    const int64_t lines = fnn_ahead_lines(a->end - a->line) + (a->last - a->next) * fnn_ahead_lines(a->row_bytes);
    a->pace = lines < FNN_AHEAD_LINES * times ? (int)((lines + times - 1) / times) : FNN_AHEAD_LINES;
}

/* One of these times. */
static inline void fnn_ahead_go_on(void) { fnn_ahead_fetch(fnn_ahead_here.pace); }

#endif
