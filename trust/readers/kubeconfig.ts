/** What a kubeconfig leads to. Source: client-go `tools/clientcmd/api/v1/types.go`. */
import { asList, asObject, asText, type JsonObject, readYaml } from "./yaml.ts";

/** The parts that a context of a kubeconfig names; `undefined` for one that is not in it. */
export type KubeconfigContext = {
  readonly user: JsonObject | undefined;
  readonly cluster: JsonObject | undefined;
};

/**
 * The user and the cluster of a context.
 *
 * @param chosen what is asked for beside the file. Default: what it calls its current context, and the cluster of that
 */
export function contextIn(
  text: string,
  where: string,
  chosen: { readonly context?: string | undefined; readonly cluster?: string | undefined } = {},
): KubeconfigContext {
  const kubeconfig = asObject(readYaml(text, { where }).first?.value);
  const name = chosen.context ?? asText(kubeconfig?.["current-context"]);
  const context = asObject(named(kubeconfig, "contexts", name)?.context);
  const user = named(kubeconfig, "users", asText(context?.user));
  const cluster = named(kubeconfig, "clusters", chosen.cluster ?? asText(context?.cluster));
  return { user: asObject(user?.user), cluster: asObject(cluster?.cluster) };
}

function named(
  kubeconfig: JsonObject | undefined,
  list: string,
  name: string | undefined,
): JsonObject | undefined {
  return asList(kubeconfig?.[list])
    .map((item) => asObject(item))
    .find((item) => item !== undefined && name !== undefined && item.name === name);
}
