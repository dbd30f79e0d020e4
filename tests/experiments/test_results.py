"""results.csv and final.csv against run folders made by hand."""

import csv
import json

import numpy as np

from vgps.experiments.plan import Member, folder_of
from vgps.experiments.results import Final, Row, read_results, write_rows
from vgps.experiments.run_folder import EVALUATION
from vgps.policy.settings import RunSettings


def made_by_hand(out, seed, ddp_cost):
    run = Member("robot", 5, "gps", seed, RunSettings(method="gps"), "", {})
    folder = folder_of(out, run)
    folder.path.mkdir(parents=True)
    for k in (1, 2):
        folder.append_metrics(
            {
                "iteration": k,
                "alpha": 1.0,
                "ddp_cost": 77.0,  # of the adapted trajectory, not the initial one
                "seconds": 0.5 * k,
                "rollouts": 10 * k,
                "stochastic_cost": 100.0 / k + seed,
                "stochastic_success": 0.25 * k,
                "deterministic_cost": 90.0 / k if seed else np.inf,
                "deterministic_success": 0.5 * k,
            }
        )
    kinds = {
        "stochastic": {"mean_cost": 52.0, "success_rate": 0.61},
        "deterministic": {"mean_cost": np.inf, "success_rate": 0.97},
    }
    costs = {"ddp_cost": ddp_cost, "longer_ddp_cost": ddp_cost + 5.0}
    folder.write_text(EVALUATION, json.dumps(costs | kinds))
    return run


def test_rows_of_finished_runs(tmp_path):
    runs = [made_by_hand(tmp_path, 0, 40.0), made_by_hand(tmp_path, 1, 41.0)]
    rows, finals = read_results(tmp_path, runs)
    assert rows == [
        Row("robot", 5, "gps", 0, 1, 100.0, np.inf, 40.0, 0.5, 0.25),
        Row("robot", 5, "gps", 0, 2, 50.0, np.inf, 40.0, 1.5, 0.5),
        Row("robot", 5, "gps", 1, 1, 101.0, 90.0, 41.0, 0.5, 0.25),
        Row("robot", 5, "gps", 1, 2, 51.0, 45.0, 41.0, 1.5, 0.5),
    ]
    assert finals[1] == Final("robot", 5, "gps", 1, 52.0, np.inf, 0.61, 0.97, 41.0, 46.0, 1.5, 20)

    write_rows(tmp_path / "results.csv", Row, rows)
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == [
        *("robot", "hidden", "method", "seed", "iteration", "stochastic_cost"),
        *("deterministic_cost", "ddp_cost", "seconds", "success"),
    ]
    assert float(read[0]["deterministic_cost"]) == np.inf
    assert read[3]["seconds"] == "1.5" and read[3]["success"] == "0.5"


def test_no_rows_are_a_header(tmp_path):
    write_rows(tmp_path / "results.csv", Row, [])
    assert (
        (tmp_path / "results.csv")
        .read_text(encoding="utf-8")
        .startswith("robot,hidden,method,seed,iteration,")
    )
