/** One job of `scrape_configs`, by what every one has. Source: prometheus `docs/configuration` (scrape_config). */
import type { JsonObject } from "./yaml.ts";

export function isScrapeJob({
  job_name,
  kubernetes_sd_configs,
  static_configs,
}: JsonObject): boolean {
  return (
    job_name !== undefined &&
    (Array.isArray(kubernetes_sd_configs) || Array.isArray(static_configs))
  );
}
