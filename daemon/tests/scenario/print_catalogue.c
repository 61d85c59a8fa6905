// SPDX-License-Identifier: MIT
/* docs/scenarios.md, from the catalogue: `ninja scenarios` writes it, and a test says when it is stale. */
#include <inttypes.h>
#include <stdio.h>

#include "scenario/catalogue.h"

static void print_params(const struct vs_scenario *scenario)
{
	printf("\n");
	for (size_t i = 0; i < scenario->n_params; i++) {
		const struct vs_param *param = &scenario->params[i];

		printf("- `%s`: %s; %" PRIu64 " to %" PRIu64 "%s%s, %" PRIu64 " when none is given\n", param->name,
		       param->description, param->min, param->max, param->unit[0] ? " " : "", param->unit, param->value);
	}
}

static void print_needs(unsigned needs)
{
	const char *separator = "- needs ";

	for (unsigned need = 1; need <= needs; need <<= 1) {
		if (!(needs & need))
			continue;
		printf("%s%s", separator, vs_need_name(need));
		separator = ", ";
	}
	printf("\n");
}

int main(void)
{
	const struct vs_scenario *const *scenarios;
	size_t n = vs_scenarios(&scenarios);

	printf("# Scenarios\n\n"
	       "<!-- Written by `ninja scenarios` from daemon/src/scenario; do not edit. -->\n\n"
	       "What `vascope run --scenario` can run on a board, in the order of `--scenario all`, which leaves out those that are marked as\n"
	       "destructive and those that the board cannot run. The same seed and parameters issue the same requests in the same order.\n\n"
	       "Each scenario keeps a model of what the kernel must do, and states at quiet moments what must be there (checkpoints): all\n"
	       "mappings of its VMs, the handles of its BOs, and what is gone. `vascope check` compares that with what was traced. Every scenario\n"
	       "must leave nothing behind: no mapping, VM, BO, framebuffer or process, the display as it was found, whether it ends well, fails or\n"
	       "is cancelled. Where a kernel does not let it, that is a finding.\n");
	for (size_t i = 0; i < n; i++) {
		printf("\n## %s\n\n%s.\n", scenarios[i]->id, scenarios[i]->description);
		print_params(scenarios[i]);
		print_needs(scenarios[i]->needs);
		if (scenarios[i]->destructive)
			printf("- destructive: may leave the board in need of a reboot, and asks first\n");
	}
	return 0;
}
