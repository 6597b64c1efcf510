/**
 * What the policy SDK knows and does not hand over: which values are secret, and that the resources of one
 * analysis are the same for every policy of the pack.
 *
 * The engine sends secrets marked; `@pulumi/policy` (`server.js`, `deserialize.js`) removes the marks, and does so
 * again for each policy. Its function is wrapped here, so that the marks can be asked for, and so that six
 * policies deserialize a stack of ten thousand nodes once. A test pins that the wrapping takes hold.
 */
import * as deserializer from "@pulumi/policy/deserialize.js";
import * as service from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb.js";

/** The parts of google-protobuf's Struct and Value that matter here. */
type Struct = { getFieldsMap(): { get(key: string): Value | undefined } };
type Value = {
  getStringValue(): string;
  getStructValue(): Struct | undefined;
  getListValue(): { getValuesList(): readonly Value[] } | undefined;
};

type Deserialize = (properties: Struct, proxySecrets: boolean) => Record<string, unknown>;

/** The marks that the engine puts on special values. Source: pulumi `sdk/go/common/resource/sig/sig.go`. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** What the SDK answers through its proxies when asked for the object behind it. */
const behindProxy = "__getSpecialProxyTarget";

const structs = new WeakMap<object, Struct>();
const deserialized = new WeakMap<Struct, Record<string, unknown>>();

let isWrapped = false;

/** Wraps the SDK's function, if it is not yet. To be called before the pack is registered. */
export function keepSecretMarks(): void {
  if (isWrapped) return;
  isWrapped = true;
  wrap(moduleOf(deserializer) as { deserializeProperties: Deserialize });
}

/** An ES module sees the SDK's CommonJS as `default`; what is compiled to CommonJS has it itself. */
function moduleOf(seen: object): unknown {
  return "default" in seen ? seen.default : seen;
}

function wrap(module: { deserializeProperties: Deserialize }): void {
  const original = module.deserializeProperties;
  module.deserializeProperties = (struct, proxySecrets) => {
    if (proxySecrets) return original(struct, proxySecrets);
    const known = deserialized.get(struct);
    if (known) return known;
    const properties = original(struct, proxySecrets);
    deserialized.set(struct, properties);
    structs.set(properties, struct);
    return properties;
  };
}

/** The names that the engine configured policies under, and whether each is disabled. */
let configured: ReadonlyMap<string, boolean> = new Map();

/** Source: pulumi `proto/pulumi/analyzer.proto` (EnforcementLevel). */
const disabledLevel = 2;

type ConfigureRequest = {
  getPolicyconfigMap(): {
    entries(): Iterable<[string, { getEnforcementlevel(): number }]>;
  };
};

let isWatched = false;

/**
 * Keeps the names that policies are configured under. The engine sends all of them, the pack's own with their defaults,
 * and `@pulumi/policy` (`server.js`, configure) shows a policy what stands under its own name alone.
 */
export function watchConfiguration(): void {
  if (isWatched) return;
  isWatched = true;
  const { ConfigureAnalyzerRequest } = moduleOf(analyzer) as {
    ConfigureAnalyzerRequest: { prototype: ConfigureRequest };
  };
  const { prototype } = ConfigureAnalyzerRequest;
  const original = prototype.getPolicyconfigMap;
  prototype.getPolicyconfigMap = function (this: ConfigureRequest) {
    const map = original.call(this);
    configured = new Map(
      [...map.entries()].map(([name, config]) => [
        name,
        config.getEnforcementlevel() === disabledLevel,
      ]),
    );
    return map;
  };
}

/** What {@link watchConfiguration} has kept; empty without it. */
export function configuredPolicies(): ReadonlyMap<string, boolean> {
  return configured;
}

type Service = {
  AnalyzerService: Record<"analyze" | "remediate", { requestDeserialize: () => unknown }>;
};
type Request = {
  AnalyzeRequest: { deserializeBinary(bytes: Uint8Array): { setOptions(options: unknown): void } };
  AnalyzerResourceOptions: new () => unknown;
};

/** `properties` of an AnalyzeRequest, without any. Source: pulumi `proto/pulumi/analyzer.proto`. */
const noProperties = Uint8Array.of(0x12, 0);

/**
 * Has the pack read nothing of the engine's two questions about each single resource. For a pack whose policies all look
 * at whole stacks: the SDK reads every property of every resource all the same, a second of a stack of 200 nodes.
 */
export function passOverSingleResources(): void {
  const { AnalyzeRequest, AnalyzerResourceOptions } = moduleOf(analyzer) as Request;
  const nothing = AnalyzeRequest.deserializeBinary(noProperties);
  nothing.setOptions(new AnalyzerResourceOptions());
  const { AnalyzerService } = moduleOf(service) as Service;
  for (const call of [AnalyzerService.analyze, AnalyzerService.remediate]) {
    call.requestDeserialize = () => nothing;
  }
}

/** The plain object behind the SDK's proxy, which throws on unknown values. A plain object is returned unchanged. */
export function unwrapProxy(properties: Record<string, unknown>): Record<string, unknown> {
  try {
    const target = properties[behindProxy];
    return typeof target === "object" && target !== null
      ? (target as Record<string, unknown>)
      : properties;
  } catch {
    return properties;
  }
}

/**
 * Whether the value at a path of a resource's properties is secret, by itself or as part of a secret one.
 * It goes along the path alone: made into objects as a whole, a component's outputs took a minute for 1,000 machines.
 *
 * @param properties the plain object, from {@link unwrapProxy}. What did not come from the engine has no marks.
 */
export function isSecret(
  properties: Record<string, unknown>,
  path: readonly (string | number)[],
): boolean {
  let struct = structs.get(properties);
  let list: readonly Value[] = [];
  for (const key of path) {
    const value = struct ? struct.getFieldsMap().get(String(key)) : list[Number(key)];
    struct = value?.getStructValue();
    list = value?.getListValue()?.getValuesList() ?? [];
    const mark = struct?.getFieldsMap().get(signatureKey);
    if (mark?.getStringValue() === secretSignature) return true;
  }
  return false;
}
