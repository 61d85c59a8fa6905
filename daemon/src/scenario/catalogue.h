/* SPDX-License-Identifier: MIT */
/* The scenarios this daemon knows, and the check of a request against them. */
#ifndef VS_SCENARIO_CATALOGUE_H
#define VS_SCENARIO_CATALOGUE_H

#include "scenario/run.h"

/* In the order to show. *ret is static. */
size_t vs_scenarios(const struct vs_scenario *const **ret);

/*
 * Fill run->scenario, param and rng from a request. fds says what this board can offer.
 * Returns 0, or -EINVAL with the reason for a person in run->text: which scenarios there are, which
 * parameter is wrong with its limits, or what the scenario needs that is missing.
 */
int vs_catalogue_prepare(const Vascope__V1__RunScenario *request, const struct vs_runner_fds *fds,
			 struct vs_run *run);

#endif
