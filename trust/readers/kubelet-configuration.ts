/** KubeletConfiguration documents; what they mean to a kubelet is resolved in ../kubelet/. */
import type { Problem, Source } from "../evidence.ts";
import { asObject, type JsonObject, readYaml, type YamlDocument } from "./yaml.ts";

export const kubeletConfigurationVersion = "kubelet.config.k8s.io/v1beta1";

export type KubeletConfigurationDocument = {
  /** The object as written, unknown fields included. */
  readonly value: JsonObject;
  readonly source: Source;
  readonly lineOf: YamlDocument["lineOf"];
};

export type KubeletConfigurationDocuments = {
  readonly documents: readonly KubeletConfigurationDocument[];
  readonly problems: readonly Problem[];
};

/**
 * Finds the KubeletConfiguration documents of a text, YAML or JSON, in order. Documents of other kinds are
 * passed over, because ConfigMaps and kubeadm's files hold several; broken ones are problems. Never throws.
 */
export function readKubeletConfiguration(
  text: string,
  source: Source,
): KubeletConfigurationDocuments {
  const { documents, problems } = readYaml(text, source);
  return { documents: documents.flatMap(asKubeletConfiguration), problems };
}

/** The document, if it is a KubeletConfiguration. */
export function asKubeletConfiguration(document: YamlDocument): KubeletConfigurationDocument[] {
  const value = asObject(document.value);
  return value?.kind === "KubeletConfiguration"
    ? [{ value, source: document.source, lineOf: document.lineOf }]
    : [];
}

/**
 * Any document taken for the content of `--config`, whatever it says it is: a kubelet reads the first one
 * and complains when it is no KubeletConfiguration.
 */
export function readConfigFile(text: string, source: Source): KubeletConfigurationDocuments {
  const { documents, problems } = readYaml(text, source);
  const [first] = documents;
  if (!first) {
    return { documents: [], problems };
  }
  return {
    documents: [
      {
        value: asObject(first.value) ?? {},
        source: first.source,
        lineOf: first.lineOf,
      },
    ],
    problems: [],
  };
}
