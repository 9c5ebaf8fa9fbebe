/* How to fill a step of each family of kernels (docs/kernels.md). */
#ifndef FAMILIES_H
#define FAMILIES_H

#include "trial.h"

/* Fills t->step for kernel `name`; 0, or -1 when no family knows the name. */
int fill_step(trial *t, const char *name, int dtype);

/* Compares the result of a plain matrix product with matmul_reference.h, bit for bit; other kernels pass. */
void check_product(const trial *t, const char *name, int dtype, const char *what);

/* Whether products read operands where they stand or pack them, as far as that hangs on strides. */
void check_loops(int dtype);

#endif
