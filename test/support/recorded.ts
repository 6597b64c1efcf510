/**
 * A program's resources as a policy gets them at a first preview, without an engine: what no provider has computed yet
 * is unknown, and components have what they registered.
 */

import type { PolicyResource } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import { revealed, toItsEnd } from "../components/mocks.ts";

/** The part of the SDK's monitor that takes registrations. */
type Monitor = {
  registerResource(request: Request, callback: Callback): void;
  registerResourceOutputs(request: Request, callback: Callback): void;
};
type Callback = (error: unknown, response: { getUrn(): string } | undefined) => void;
// biome-ignore lint/suspicious/noExplicitAny: the protocol's generated messages have no types
type Request = any;

/** What no test asks about a resource. */
export const withoutOptions = {
  opts: {
    protect: false,
    ignoreChanges: [],
    aliases: [],
    customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
    additionalSecretOutputs: [],
  },
  dependencies: [],
  isType: () => false,
  asType: () => undefined,
} satisfies Partial<PolicyResource>;

/** Runs a program as a first preview and returns its resources as the engine hands them to policies. */
export async function recordPreview(program: () => void): Promise<PolicyResource[]> {
  const resources: PolicyResource[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call: ({ inputs }) => inputs,
    },
    "kubelet-trust",
    "test",
    true,
  );
  record(pulumi.runtime.getMonitor() as unknown as Monitor, resources);
  await toItsEnd(program);
  return resources;
}

function record(monitor: Monitor, resources: PolicyResource[]): void {
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) =>
    register(request, (error, response) => {
      if (response !== undefined) resources.push(resourceOf(request, response.getUrn(), resources));
      callback(error, response);
    });
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceOutputs = (request, callback) => {
    const made = resources.find(({ urn }) => urn === request.getUrn());
    if (made) made.props = plain(request.getOutputs());
    registerOutputs(request, callback);
  };
}

function resourceOf(
  request: Request,
  urn: string,
  others: readonly PolicyResource[],
): PolicyResource {
  const dependencies: [string, { getUrnsList(): string[] }][] = [
    ...request.getPropertydependenciesMap().getEntryList(),
  ].map(([key]: [string]) => [key, request.getPropertydependenciesMap().get(key)]);
  const find = (one: string) => others.find((other) => other.urn === one);
  const parent = find(request.getParent());
  const providerUrn: string = request.getProvider().replace(/::[^:]*$/, "");
  const type: string = request.getType();
  return {
    type,
    name: request.getName(),
    urn,
    props: plain(request.getObject()),
    ...withoutOptions,
    propertyDependencies: Object.fromEntries(
      dependencies.map(([key, list]) => [
        key,
        list.getUrnsList().flatMap((one) => find(one) ?? []),
      ]),
    ),
    ...(parent && { parent }),
    ...(type.startsWith("kubernetes:") && {
      provider: { type: "pulumi:providers:kubernetes", props: {}, urn: providerUrn, name: "k" },
    }),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: properties of any resource
function plain(struct: Request): Record<string, any> {
  return revealed(struct.toJavaScript()) as Record<string, unknown>;
}
