/* SPDX-License-Identifier: MIT */
/* What this machine is: read once at start, from files that anybody may read. */
#ifndef VS_BOARD_FACTS_H
#define VS_BOARD_FACTS_H

#include <stddef.h>
#include <stdint.h>

#define VS_MODULES_MAX 16

struct vs_facts {
	char release[65];  /* uname -r */
	char version[65];  /* uname -v */
	char machine[65];  /* uname -m */
	char model[128];   /* device tree or DMI, "" where there is neither */
	char build_id[65]; /* of the kernel, hex, "" where it cannot be read */
	struct {
		char name[32];
		char build_id[65];
		char version[32]; /* MODULE_VERSION, "" where it has none, as mainline's msm */
	} modules[VS_MODULES_MAX];
	size_t n_modules;
	uint32_t page_size;
};

void vs_facts_read(struct vs_facts *facts);

/* The GNU build id in ELF notes, as hex; "" when there is none. */
void vs_notes_build_id(const uint8_t *notes, size_t size, char *ret_hex, size_t hex_size);

#endif
