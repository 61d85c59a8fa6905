/* SPDX-License-Identifier: MIT */
#include "wire/command.h"

#include <stdlib.h>

static void *vs_budget_alloc(void *data, size_t size)
{
	size_t *left = data;

	if (size > *left)
		return NULL;
	*left -= size;
	return malloc(size);
}

static void vs_budget_free(void *data, void *p)
{
	free(p);
}

Vascope__V1__Command *vs_command_unpack(const uint8_t *data, size_t size)
{
	size_t left = VS_COMMAND_BUDGET;
	ProtobufCAllocator allocator = { vs_budget_alloc, vs_budget_free, &left };
	Vascope__V1__Command *command = vascope__v1__command__unpack(&allocator, size, data);

	if (command && command->body_case == VASCOPE__V1__COMMAND__BODY__NOT_SET) {
		vs_command_free(command);
		return NULL;
	}
	return command;
}

void vs_command_free(Vascope__V1__Command *command)
{
	if (command)
		vascope__v1__command__free_unpacked(command, NULL);
}
