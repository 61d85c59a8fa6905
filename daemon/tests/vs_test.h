/* SPDX-License-Identifier: MIT */
/* cmocka wants these before it, in this order. */
#ifndef VS_TESTS_VS_TEST_H
#define VS_TESTS_VS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
