// SPDX-License-Identifier: GPL-2.0
/*
 * The power domains of the board. They tell the agent when the drivers use the hardware, so that it sleeps otherwise.
 */
#include <linux/device.h>
#include <linux/of.h>

#include "agent.h"

static const char * const domain_names[AGENT_DOMAINS] = {
	[AGENT_CX] = "cx",
	[AGENT_GX] = "gx",
	[AGENT_MDSS] = "mdss",
};

static struct agent_domain *to_domain(struct generic_pm_domain *pd)
{
	return container_of(pd, struct agent_domain, pd);
}

static int domain_power_on(struct generic_pm_domain *pd)
{
	struct agent_domain *domain = to_domain(pd);
	struct agent *agent = domain->agent;

	mutex_lock(&agent->lock);
	if (domain == &agent->domain[AGENT_GX])
		cp_power_on(agent);
	else if (domain == &agent->domain[AGENT_MDSS])
		dpu_power_on(agent);
	WRITE_ONCE(domain->on, true);
	mutex_unlock(&agent->lock);

	wake_up(&agent->powered);
	return 0;
}

static int domain_power_off(struct generic_pm_domain *pd)
{
	struct agent_domain *domain = to_domain(pd);
	struct agent *agent = domain->agent;

	mutex_lock(&agent->lock);
	WRITE_ONCE(domain->on, false);
	if (domain == &agent->domain[AGENT_GX])
		cp_power_off(agent);
	mutex_unlock(&agent->lock);
	return 0;
}

/* Is there anything to play? CX alone is only a bus. */
bool power_any(struct agent *agent)
{
	return READ_ONCE(agent->domain[AGENT_GX].on) || READ_ONCE(agent->domain[AGENT_MDSS].on);
}

static void power_remove(struct agent *agent, int count)
{
	while (count--)
		pm_genpd_remove(agent->domains[count]);
}

int power_init(struct agent *agent)
{
	int i, ret;

	for (i = 0; i < AGENT_DOMAINS; i++) {
		struct agent_domain *domain = &agent->domain[i];

		domain->agent = agent;
		domain->pd.name = domain_names[i];
		domain->pd.power_on = domain_power_on;
		domain->pd.power_off = domain_power_off;
		ret = pm_genpd_init(&domain->pd, NULL, true);
		if (ret)
			goto out_remove;
		agent->domains[i] = &domain->pd;
	}

	agent->provider.domains = agent->domains;
	agent->provider.num_domains = AGENT_DOMAINS;
	ret = of_genpd_add_provider_onecell(agent->dev->of_node, &agent->provider);
	if (ret)
		goto out_remove;
	return 0;

out_remove:
	power_remove(agent, i);
	return ret;
}

void power_exit(struct agent *agent)
{
	of_genpd_del_provider(agent->dev->of_node);
	power_remove(agent, AGENT_DOMAINS);
}
