import type { Problem, Source } from "../evidence.ts";
import type { Json, YamlDocument } from "./yaml.ts";

export type KubeletConfigurationDocument = {
  /** The object as written, unknown fields included. */
  readonly value: Readonly<Record<string, Json>>;
  readonly source: Source;
  readonly lineOf: YamlDocument["lineOf"];
};

export type KubeletConfigurationDocuments = {
  readonly documents: readonly KubeletConfigurationDocument[];
  /** With the kubelet's own words where it would not start on this. */
  readonly problems: readonly Problem[];
};

/** Finds the KubeletConfiguration documents (kubelet.config.k8s.io/v1beta1) of a text, YAML or JSON. */
export function readKubeletConfiguration(
  text: string,
  source: Source,
): KubeletConfigurationDocuments {
  void text;
  return { documents: [], problems: [{ message: "not read yet", source, fatal: false }] };
}
