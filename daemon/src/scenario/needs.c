// SPDX-License-Identifier: MIT
/* What a scenario may need of a board, in words. */
#include "scenario/needs.h"

#include <stddef.h>

static const struct {
	const char *name;
	const char *missing; /* what to say and do when there is none */
} needs_table[] = {
	{ "a render node of msm", "a DRM render node of msm (/dev/dri/renderD*); load the GPU's driver" },
	{ "VM_BIND", "VM_BIND, which the driver does not offer (msm 1.13, Linux 6.17, on a GPU with per-process page tables)" },
	{ "MAP_NULL", "MAP_NULL, which the GPU's SMMU does not offer (MSM_PARAM_HAS_PRR is 0)" },
	{ "msm's display, through writeback or a connected one",
	  "DRM master on a card node (/dev/dri/card*) of msm with a CRTC; stop the compositor that holds it" },
	{ "a connected display of any driver",
	  "DRM master on a card node (/dev/dri/card*) with a connected display; connect one, and stop the compositor that holds it" },
	{ "msm's shrinker in debugfs", "msm's shrinker in debugfs; mount debugfs and start the daemon as root" },
	{ "vgem", "vgem, which makes fences that signal late; modprobe vgem on the board" },
	{ "swap space", "swap space, without which the kernel evicts nothing that is needed; swapon a file or zram on the board" },
};

static const size_t n_needs = sizeof(needs_table) / sizeof(needs_table[0]);

const char *vs_need_text(unsigned needs)
{
	for (size_t i = 0; i < n_needs; i++)
		if (needs & 1u << i)
			return needs_table[i].missing;
	return "";
}

const char *vs_need_name(unsigned needs)
{
	for (size_t i = 0; i < n_needs; i++)
		if (needs & 1u << i)
			return needs_table[i].name;
	return "";
}
