/** The other programs that call kubelets, built from source through the Go module proxy as Kubernetes is. */
import * as path from "node:path";
import { ensureBuilt } from "../go.mjs";
import type { Progress } from "../progress.mjs";

/** Absolute paths of the programs. */
export type CallerPrograms = { readonly "metrics-server": string; readonly prometheus: string };

/** The metrics-server version that a lab runs, without the `v`. */
export const metricsServerVersion = "0.8.0";

/** The version of Prometheus' Go module that a lab scrapes with, without the `v`. */
export const prometheusVersion = "0.316.0";

/**
 * The programs, built now if the cache has none. metrics-server is the whole program; of Prometheus it is discovery and
 * scraping with the configuration that it reads, without its database.
 *
 * @throws {Failure} when they cannot be had.
 */
export async function ensureCallers(progress: Progress): Promise<CallerPrograms> {
  const metricsServer = await ensureBuilt(
    {
      name: "metrics-server",
      title: `metrics-server ${metricsServerVersion}`,
      moduleDir: moduleFolder("metrics-server"),
      packages: ["sigs.k8s.io/metrics-server/cmd/metrics-server"],
    },
    progress,
  );
  const prometheus = await ensureBuilt(
    {
      name: "prometheus",
      title: `the scraper of Prometheus ${prometheusVersion}`,
      moduleDir: moduleFolder("prometheus"),
      packages: ["."],
    },
    progress,
  );
  return {
    "metrics-server": path.join(metricsServer, "metrics-server"),
    prometheus: path.join(prometheus, "prometheus"),
  };
}

function moduleFolder(name: string): string {
  return path.join(import.meta.dirname, "..", "go", name);
}
