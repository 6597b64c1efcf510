/** DatadogAgent, the object of Datadog's operator. Its settings are read as the agent's own. */
import { datadogBy } from "./datadog.ts";
import type { ObjectFormat } from "./format.ts";
import { at, titleOf } from "./origins.ts";
import { search } from "./other-object.ts";
import { asObject, asText, type JsonObject, valueAt } from "./yaml.ts";

export const datadogAgent: ObjectFormat = {
  name: "DatadogAgent",
  about:
    "of Datadog's operator: `global.kubelet.tlsVerify`, `agentCAPath` and `host`; what is beside them as in any other object",
  recognises: ({ kind, apiVersion }) =>
    kind === "DatadogAgent" && (asText(apiVersion)?.startsWith("datadoghq.com/") ?? false),
  read: (object, origin, lineOf) => {
    const path = ["spec", "global", "kubelet"];
    const kubelet = asObject(valueAt(object, path)) ?? {};
    const here = at(origin, path, lineOf);
    const beside = search(withoutKubelet(object), origin, lineOf);
    const piece = datadogBy(kubelet, { origin: here, label: titleOf(object) });
    return { pieces: [piece, ...beside.pieces], inner: beside.inner };
  },
};

function withoutKubelet({ spec, ...object }: JsonObject): JsonObject {
  const { global, ...others } = asObject(spec) ?? {};
  const { kubelet: _kubelet, ...rest } = asObject(global) ?? {};
  return { ...object, spec: { ...others, global: rest } };
}
