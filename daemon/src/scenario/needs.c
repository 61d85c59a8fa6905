// SPDX-License-Identifier: MIT
/* What a scenario may need of a board, in words. */
#include "scenario/needs.h"

#include <stddef.h>

static const char *const texts[] = {
	"a DRM render node of msm (/dev/dri/renderD*); load the GPU's driver",
	"VM_BIND, which the driver does not offer (msm 1.13, Linux 6.17, on a GPU with per-process page tables)",
	"MAP_NULL, which the GPU's SMMU does not offer (MSM_PARAM_HAS_PRR is 0)",
	"DRM master on a card node (/dev/dri/card*) of msm with a CRTC; stop the compositor that holds it",
	"DRM master on a card node (/dev/dri/card*) with a connected display; connect one, and stop the compositor that holds it",
	"msm's shrinker in debugfs; mount debugfs and start the daemon as root",
	"vgem, which makes fences that signal late; modprobe vgem on the board",
};

const char *vs_need_text(unsigned needs)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (needs & 1u << i)
			return texts[i];
	return "";
}
