// Prometheus without its database: what it discovers by a configuration, scraped once each by its own code, told as
// JSON, one target a line. A scrape that fails is told in Prometheus' words, as /api/v1/targets has them.
//
// Usage: prometheus CONFIG TARGETS SECONDS
// It ends once that many targets have been scraped, or after these seconds.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery"
	_ "github.com/prometheus/prometheus/discovery/kubernetes"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/scrape"
	"github.com/prometheus/prometheus/storage"
)

type target struct {
	Job   string `json:"job"`
	URL   string `json:"url"`
	Node  string `json:"node"`
	Works bool   `json:"works"`
	// Empty when it works.
	Error string `json:"error"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: prometheus CONFIG TARGETS SECONDS")
	}
	targets, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("TARGETS is %q: %w", args[1], err)
	}
	seconds, err := strconv.Atoi(args[2])
	if err != nil {
		return fmt.Errorf("SECONDS is %q: %w", args[2], err)
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	cfg, err := config.LoadFile(args[0], false, logger)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*time.Second)
	defer cancel()
	scraper, err := start(ctx, cfg, logger)
	if err != nil {
		return err
	}
	return tell(await(ctx, scraper, targets))
}

// start connects what Prometheus connects: discovery finds targets, scraping asks them.
func start(ctx context.Context, cfg *config.Config, logger *slog.Logger) (*scrape.Manager, error) {
	registry := prometheus.NewRegistry()
	metrics, err := discovery.CreateAndRegisterSDMetrics(registry)
	if err != nil {
		return nil, err
	}
	discoverer := discovery.NewManager(ctx, logger, registry, metrics, discovery.Updatert(100*time.Millisecond))
	scraper, err := scrape.NewManager(&scrape.Options{DiscoveryReloadOnStartup: true}, logger, nil, nil, nowhere{}, registry)
	if err != nil {
		return nil, err
	}
	if err := scraper.ApplyConfig(cfg); err != nil {
		return nil, err
	}
	jobs := map[string]discovery.Configs{}
	for _, job := range cfg.ScrapeConfigs {
		jobs[job.JobName] = job.ServiceDiscoveryConfigs
	}
	if err := discoverer.ApplyConfig(jobs); err != nil {
		return nil, err
	}
	go discoverer.Run()
	go scraper.Run(discoverer.SyncCh())
	return scraper, nil
}

// await returns what is known once as many targets as wanted have been scraped, or the time is over.
func await(ctx context.Context, scraper *scrape.Manager, wanted int) map[string][]*scrape.Target {
	for {
		all := scraper.TargetsActive()
		scraped := 0
		for _, targets := range all {
			for _, one := range targets {
				if !one.LastScrape().IsZero() {
					scraped++
				}
			}
		}
		if scraped >= wanted {
			return all
		}
		select {
		case <-ctx.Done():
			return all
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func tell(all map[string][]*scrape.Target) error {
	out := json.NewEncoder(os.Stdout)
	for job, targets := range all {
		for _, one := range targets {
			told := target{
				Job:   job,
				URL:   one.URL().String(),
				Node:  one.DiscoveredLabels(labels.NewBuilder(labels.EmptyLabels())).Get("__meta_kubernetes_node_name"),
				Works: one.Health() == scrape.HealthGood,
			}
			if err := one.LastError(); err != nil {
				told.Error = err.Error()
			}
			if err := out.Encode(told); err != nil {
				return err
			}
		}
	}
	return nil
}

// nowhere takes samples and forgets them.
type nowhere struct{}

func (nowhere) AppenderV2(context.Context) storage.AppenderV2 { return nowhere{} }
func (nowhere) Commit() error                                 { return nil }
func (nowhere) Rollback() error                               { return nil }
func (nowhere) Append(ref storage.SeriesRef, _ labels.Labels, _, _ int64, _ float64, _ *histogram.Histogram, _ *histogram.FloatHistogram, _ storage.AppendV2Options) (storage.SeriesRef, error) {
	return ref, nil
}
