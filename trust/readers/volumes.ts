/**
 * Volumes of pods that are made of ConfigMaps and Secrets.
 * Source: kubernetes `pkg/volume/configmap/configmap.go`, `pkg/volume/secret/secret.go` (MakePayload).
 */
import { asList, asObject, asText, type JsonObject } from "./yaml.ts";

/** An object that a volume is made of, as the volume names it. */
export type VolumeSource = {
  readonly kind: string;
  readonly name: string;
  readonly object: JsonObject;
};

/** What a volume is made of: one object, or several that are projected into it. */
export function sourcesOf(volume: JsonObject): VolumeSource[] {
  const parts = [volume, ...asList(asObject(volume.projected)?.sources).map(asObject)];
  return parts.flatMap((part): VolumeSource[] => {
    const configMap = asObject(part?.configMap);
    const secret = asObject(part?.secret);
    const name = asText(configMap?.name) ?? asText(secret?.secretName) ?? asText(secret?.name);
    const object = configMap ?? secret;
    if (object === undefined || name === undefined) return [];
    return [{ kind: configMap ? "ConfigMap" : "Secret", name, object }];
  });
}

/** The key that stands at a path: `items` name the ones that are there, else each is under its own name. */
export function keyAt({ object }: VolumeSource, path: string): string | undefined {
  const items = asList(object.items).map(asObject);
  if (items.length === 0) return path;
  return asText(items.find((item) => item?.path === path)?.key);
}

/** Whether what lies in a volume is no file of the machine. */
export function isOfPod({ hostPath }: JsonObject): boolean {
  return hostPath === undefined;
}
