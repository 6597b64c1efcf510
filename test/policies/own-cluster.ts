/** A cluster of our components, to be changed as programs around it can change it. */
import type { PolicyResource } from "@pulumi/policy";
import type * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../../components/index.ts";
import { recordPreview } from "../support/recorded.ts";
import { violationsOf } from "./fake.ts";

/** What a transform makes of a resource's inputs. */
export type Change = (type: string, props: Record<string, unknown>) => Record<string, unknown>;

/** A cluster of our components at its first preview, as a transform has changed it. */
export function ownCluster(
  change: Change = (_, props) => props,
  more: Partial<ConstructorParameters<typeof Cluster>[1]> = {},
  beside: (cluster: Cluster) => void = () => {},
): Promise<PolicyResource[]> {
  const transformations: pulumi.ResourceTransformation[] = [
    ({ type, props, opts }) => ({ props: change(type, props), opts }),
  ];
  return recordPreview(() => {
    const made = new Cluster(
      "c",
      {
        ...more,
        controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
        nodePools: [
          {
            name: "workers",
            servingMode: "bootstrap",
            nodes: [{ name: "w-0", addresses: ["10.0.0.11"] }],
          },
        ],
      },
      { transformations },
    );
    beside(made);
  });
}

/** What rejects a stack, in words. */
export function mandatory(resources: readonly PolicyResource[]): string {
  return violationsOf(resources)
    .filter(({ enforcementLevel }) => enforcementLevel === "mandatory")
    .map(({ message }) => message)
    .join("\n");
}
