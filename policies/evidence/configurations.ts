/** KubeletConfiguration documents under any key of a ConfigMap or Secret. */

import { asKubeletConfiguration } from "../../trust/readers/kubelet-configuration.ts";
import { readYaml } from "../../trust/readers/yaml.ts";
import type { FoundConfiguration, Gap, Reader } from "./evidence.ts";
import { type Entry, entriesOf, membershipOf, ofKind, soundsDeciding } from "./kubernetes.ts";

/** Reads the KubeletConfigurations, and says which texts that should hold one could not be read. */
export const readConfigurations: Reader = (stack, claimed) => {
  const configurations: FoundConfiguration[] = [];
  const gaps: Gap[] = [];
  for (const resource of ofKind(stack, "ConfigMap", "Secret")) {
    if (claimed.has(resource.urn)) continue;
    const found = { resource, membership: membershipOf(stack, resource) };
    for (const entry of entriesOf(resource)) {
      const { key, source } = entry;
      const missing = whyUnreadable(entry);
      if (missing !== undefined) gaps.push({ ...found, source, missing });
      if (!entry.text.known || !mentions(entry.text.value)) continue;
      for (const document of readYaml(entry.text.value, source).documents) {
        for (const configuration of asKubeletConfiguration(document)) {
          configurations.push({
            ...found,
            source: configuration.source,
            key,
            document: configuration,
          });
        }
      }
    }
  }
  return { configurations, gaps };
};

/** Cheap, so that a thousand texts that have nothing to do with kubelets are not parsed. */
function mentions(text: string): boolean {
  return /KubeletConfiguration|kubelet\.config\.k8s\.io/.test(text);
}

/** Why a text that decides could not be read; `undefined` when it could, or when it decides nothing. */
function whyUnreadable(entry: Entry): string | undefined {
  if (!entry.text.known) {
    return soundsDeciding(entry) ? entry.text.missing : undefined;
  }
  const text = entry.text.value;
  const decides =
    mentions(text) || /kubeadm\.k8s\.io|kind: *(Cluster|Init|Join)Configuration/.test(text);
  if (!decides) return undefined;
  const [problem] = readYaml(text, entry.source).problems;
  return (
    problem && `a readable text in ${entry.source.key} of ${entry.source.where}: ${problem.message}`
  );
}
