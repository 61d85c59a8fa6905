/* SPDX-License-Identifier: MIT */
/*
 * Commands from the desktop: the only bytes the daemon parses. Decoding them may not take more memory than a
 * fixed budget, whatever they contain.
 */
#ifndef VS_WIRE_COMMAND_H
#define VS_WIRE_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "vascope/v1/frame.pb-c.h"

#define VS_COMMAND_BUDGET (256u << 10)

/* NULL when the bytes are no Command or it would take more than the budget. Free with vs_command_free(). */
Vascope__V1__Command *vs_command_unpack(const uint8_t *data, size_t size);
void vs_command_free(Vascope__V1__Command *command);

#endif
