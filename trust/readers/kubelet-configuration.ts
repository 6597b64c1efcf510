/** KubeletConfiguration documents; what they mean to a kubelet is resolved in ../programs/kubelet/. */
import type { Problem, Source } from "../words/fact.ts";
import { asObject, type Json, type JsonObject, readYaml, type YamlDocument } from "./yaml.ts";

export const kubeletConfigurationVersion = "kubelet.config.k8s.io/v1beta1";

export type KubeletConfigurationDocument = {
  /** The object as written, unknown fields included. */
  readonly value: JsonObject;
  readonly source: Source;
  readonly lineOf: YamlDocument["lineOf"];
  /** The whole text, where the document is a file of its own: some messages quote it. */
  readonly text?: string;
  /** Of a file that holds none: why a kubelet cannot decode it, in the kubelet's words. */
  readonly error?: string;
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

/** The content of `--config`: its first document, or why a kubelet cannot decode it, in the kubelet's words. */
export type ConfigFile =
  | { readonly document: KubeletConfigurationDocument }
  | { readonly error: string; readonly source: Source };

/** Reads the content of `--config` as a kubelet does: the first document alone counts, whatever its kind. */
export function readConfigFile(text: string, source: Source): ConfigFile {
  if (text === "") {
    return { error: `kubelet config file ${JSON.stringify(source.where)} was empty`, source };
  }
  const { first, problems } = readYaml(text, source);
  const [problem] = problems;
  if (!first) {
    return problem
      ? { error: `failed to decode: ${problem.message}`, source: problem.source }
      : { document: { value: {}, source, lineOf: () => undefined, text } };
  }
  const value = asObject(first.value);
  return value
    ? { document: { value, source: first.source, lineOf: first.lineOf, text } }
    : { error: `failed to decode: ${notAnObject(first.value)}`, source: first.source };
}

function notAnObject(value: Json): string {
  const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
}
