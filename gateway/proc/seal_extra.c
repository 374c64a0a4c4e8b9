#include "gateway/proc/seal.h"

#include <stddef.h>

const char *const seal_extra_calls[] = {NULL};
const char *const seal_extra_folders[] = {NULL};
