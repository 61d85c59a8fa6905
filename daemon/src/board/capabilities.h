/* SPDX-License-Identifier: MIT */
/* The Capabilities frame, put together from what was found. */
#ifndef VS_BOARD_CAPABILITIES_H
#define VS_BOARD_CAPABILITIES_H

#include "board/checks.h"
#include "board/facts.h"
#include "vascope/v1/frame.pb-c.h"

/* Needs the kernel's BTF, so it is made while privileged. */
struct vs_flag_names {
	struct vs_enumerator *vm;
	size_t n_vm;
	struct vs_enumerator *va;
	size_t n_va;
};

void vs_flag_names_read(struct vs_flag_names *names, struct vs_btf *btf);
void vs_flag_names_destroy(struct vs_flag_names *names);

struct vs_capabilities {
	const struct vs_facts *facts;
	const struct vs_flag_names *flags;
	const struct vs_findings *findings;
};

/* Calls send with the frame, which holds during the call; the clocks are read now. */
void vs_capabilities_send(const struct vs_capabilities *capabilities, void (*send)(void *, const Vascope__V1__Frame *),
			  void *data);

#endif
