/** Pulumi's mocks, for tests that ask only which resources a component registers with which inputs. */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** A resource as a program registered it; unknowns and secrets are resolved. */
export type Registered = {
  type: string;
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  inputs: any;
};

/**
 * Runs a program against mocks and returns what it registered. Its exceptions pass through.
 *
 * @param known properties of resources by their type, which something else makes
 */
export async function register(
  program: () => unknown,
  known: Readonly<Record<string, object>> = {},
): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs: revealed(inputs) });
        return { id: `${name}-id`, state: { ...inputs, ...computed(type, name), ...known[type] } };
      },
      call: ({ inputs }) => inputs,
    },
    "kubelet-trust",
    "test",
  );
  await toItsEnd(program);
  return registered;
}

/**
 * Runs a program against mocks until all that it has begun is done.
 *
 * Pulumi notes a stack trace for each of its thousands of promises, which would take half of the time.
 */
export async function toItsEnd(program: () => unknown): Promise<void> {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 0;
    await program();
    await pulumi.runtime.disconnect();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The registered resources of a type, e.g. `ConfigMap`. */
export function ofType(registered: readonly Registered[], type: string): Registered[] {
  return registered.filter((resource) => resource.type.endsWith(`:${type}`));
}

/** The key under which the protocol marks a value that is more than plain data, and the mark of a secret. */
const signature = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";

/** Inputs with their secrets in the open. */
export function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  const map = value as Record<string, unknown>;
  if (map[signature] === secretMark) return revealed(map.value);
  return Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, revealed(inner)]));
}

/** Stand-ins for what the TLS provider computes: texts that tell where they come from. */
function computed(type: string, name: string): Record<string, string> {
  const id = createHash("sha256").update(name).digest("hex").slice(0, 8);
  switch (type.split(":").at(-1)) {
    case "PrivateKey":
      return { privateKeyPem: `private ${id}\n`, publicKeyPem: `public ${id}\n` };
    case "CertRequest":
      return { certRequestPem: `request ${id}\n` };
    case "SelfSignedCert":
    case "LocallySignedCert":
      return { certPem: `certificate ${id}\n`, validityEndTime: "2027-01-01T00:00:00Z" };
    default:
      return {};
  }
}
