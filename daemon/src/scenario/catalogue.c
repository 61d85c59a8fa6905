// SPDX-License-Identifier: MIT
/* The scenarios this daemon knows, and the check of a request against them. */
#include "scenario/catalogue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct vs_family vs_family_churn, vs_family_remap_split, vs_family_close_handle, vs_family_flip,
	vs_family_basic, vs_family_unbind, vs_family_sparse, vs_family_random, vs_family_sync,
	vs_family_errors, vs_family_lifetime, vs_family_legacy, vs_family_legacy_random, vs_family_evict,
	vs_family_scanout_shared, vs_family_page_flip, vs_family_soak;

/* In the order to show and to run all. */
static const struct vs_family *const families[] = {
	&vs_family_churn,
	&vs_family_remap_split,
	&vs_family_basic,
	&vs_family_unbind,
	&vs_family_sparse,
	&vs_family_sync,
	&vs_family_errors,
	&vs_family_random,
	&vs_family_close_handle,
	&vs_family_lifetime,
	&vs_family_legacy,
	&vs_family_legacy_random,
	&vs_family_evict,
	&vs_family_flip,
	&vs_family_scanout_shared,
	&vs_family_page_flip,
	&vs_family_soak,
};

#define SCENARIOS_MAX 80

static const struct vs_scenario *scenarios[SCENARIOS_MAX];
static size_t n_scenarios;

size_t vs_scenarios(const struct vs_scenario *const **ret)
{
	if (!n_scenarios)
		for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++)
			for (size_t i = 0; i < families[f]->n; i++) {
				if (n_scenarios == SCENARIOS_MAX)
					abort();
				scenarios[n_scenarios++] = &families[f]->scenario[i];
			}
	*ret = scenarios;
	return n_scenarios;
}

unsigned vs_runner_lacks(const struct vs_runner_fds *fds)
{
	return fds->lacks | (fds->render_path[0] ? 0 : VS_NEEDS_RENDER | VS_NEEDS_VM_BIND) |
	       (fds->card < 0 ? VS_NEEDS_CARD : 0) | (fds->display < 0 ? VS_NEEDS_FLIP : 0) |
	       (fds->shrink < 0 ? VS_NEEDS_SHRINK : 0) | (fds->vgem < 0 ? VS_NEEDS_VGEM : 0);
}

static int refuse(struct vs_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int refuse(struct vs_run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(run->text, sizeof(run->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* "a, b, c" in a static buffer. */
static const char *param_names(const struct vs_scenario *scenario)
{
	static char names[256];
	size_t n = 0;

	for (size_t i = 0; i < scenario->n_params && n < sizeof(names); i++)
		n += snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "", scenario->params[i].name);
	return names;
}

static int set_param(struct vs_run *run, const char *name, uint64_t value)
{
	const struct vs_scenario *scenario = run->scenario;

	for (size_t i = 0; i < scenario->n_params; i++) {
		const struct vs_param *param = &scenario->params[i];

		if (strcmp(param->name, name))
			continue;
		if (value < param->min || value > param->max)
			return refuse(run,
				      "parameter '%s' of %s must be %" PRIu64 " to %" PRIu64 "%s%s, not %" PRIu64,
				      name, scenario->id, param->min, param->max, param->unit[0] ? " " : "",
				      param->unit, value);
		run->param[i] = value;
		return 0;
	}
	return refuse(run, "%s has no parameter '%.64s'; it has: %s", scenario->id, name, param_names(scenario));
}

int vs_catalogue_prepare(const Vascope__V1__RunScenario *request, const struct vs_runner_fds *fds,
			 struct vs_run *run)
{
	const struct vs_scenario *const *all;
	size_t n = vs_scenarios(&all);
	unsigned lacks;
	int r;

	run->scenario = NULL;
	for (size_t i = 0; i < n; i++)
		if (!strcmp(all[i]->id, request->scenario))
			run->scenario = all[i];
	if (!run->scenario)
		return refuse(run, "there is no scenario '%.64s'; vascope probe lists those that there are",
			      request->scenario);
	for (size_t i = 0; i < run->scenario->n_params; i++)
		run->param[i] = run->scenario->params[i].value;
	for (size_t i = 0; i < request->n_parameters; i++) {
		r = set_param(run, request->parameters[i]->name, request->parameters[i]->value);
		if (r)
			return r;
	}
	lacks = vs_runner_lacks(fds) & run->scenario->needs;
	if (lacks)
		return refuse(run, "%s needs %s", run->scenario->id, vs_need_text(lacks));
	run->total = run->param[0];
	run->fds = fds;
	run->fence_timeout_ms = VS_FENCE_TIMEOUT_MS;
	vs_rng_init(&run->rng, request->seed);
	return 0;
}

/* The same as messages, built once: libprotobuf-c wants mutable strings and pointer arrays. */
static struct {
	Vascope__V1__ScenarioInfo info[SCENARIOS_MAX];
	Vascope__V1__ScenarioInfo *infos[SCENARIOS_MAX];
	Vascope__V1__ParameterInfo param[SCENARIOS_MAX][VS_MAX_PARAMS];
	Vascope__V1__ParameterInfo *params[SCENARIOS_MAX][VS_MAX_PARAMS];
} message;

static void build(size_t i)
{
	const struct vs_scenario *scenario = scenarios[i];
	Vascope__V1__ScenarioInfo *info = &message.info[i];

	vascope__v1__scenario_info__init(info);
	info->id = (char *)scenario->id;
	info->description = (char *)scenario->description;
	info->destructive = scenario->destructive;
	info->n_parameters = scenario->n_params;
	info->parameters = message.params[i];
	message.infos[i] = info;
	for (size_t k = 0; k < scenario->n_params; k++) {
		const struct vs_param *from = &scenario->params[k];
		Vascope__V1__ParameterInfo *to = &message.param[i][k];

		vascope__v1__parameter_info__init(to);
		to->name = (char *)from->name;
		to->description = (char *)from->description;
		to->unit = (char *)from->unit;
		to->minimum = from->min;
		to->maximum = from->max;
		to->default_value = from->value;
		message.params[i][k] = to;
	}
}

size_t vs_scenario_infos(Vascope__V1__ScenarioInfo ***ret)
{
	const struct vs_scenario *const *all;
	size_t n = vs_scenarios(&all);

	if (!message.infos[0])
		for (size_t i = 0; i < n; i++)
			build(i);
	*ret = message.infos;
	return n;
}

unsigned vs_scenario_needs(size_t index)
{
	const struct vs_scenario *const *all;

	return index < vs_scenarios(&all) ? all[index]->needs : 0;
}
