/* How to fill a step of each family of kernels (docs/kernels.md). */
#ifndef FAMILIES_H
#define FAMILIES_H

#include "trial.h"

/* Fills t->step for kernel `name`; 0, or -1 when no family knows the name. */
int fill_step(trial *t, const char *name, int dtype);

#endif
