use super::*;
use crate::data::Environment;
use crate::experiment::Experiment;
use crate::init::Registry;
use crate::run::job::Job;
use crate::run::train::train;

fn job(train: &str, record: &str, grid: &str) -> Job {
    let text = format!(
        "name = \"t\"\nseed = 3\nreplicates = 1\n[data]\nkind = \"digits\"\nsplit = {{ train = 40, validation = 0, test = 10 }}\n[train]\nbatch_size = 16\n{train}\n[record]\nprobe_samples = 20\n{record}\n[grid]\n{grid}"
    );
    let none: &[&str] = &[];
    let experiment = Experiment::parse("t.toml".as_ref(), &text, none, &Registry::standard()).unwrap();
    Job::new(experiment, Environment::default()).unwrap()
}

fn rows(job: &Job) -> Vec<StepRow> {
    let trial = job.plan.trial(0);
    let data = job.data(&trial).unwrap();
    steps(&trial, &data, &mut Workspace::default()).unwrap().rows
}

/// Steps are those of training: three batches make an epoch, and a fourth begins the next order.
#[test]
fn after_n_steps_the_network_is_the_one_that_training_leaves() {
    let grid = "scheme = \"mup\"\narchitecture = [[8, 6]]\noptimizer = \"adam\"\nlearning_rate = 0.01\nschedule = \"cosine\"";
    let job = job("steps = 4", "layers = [0, \"last\"]\nsteps = [4, 2]", grid);
    let found = rows(&job);
    let places: Vec<(u32, u32)> = found.iter().map(|r| (r.steps_taken, r.layer)).collect();
    let expected: Vec<(u32, u32)> = [0, 2, 4]
        .into_iter()
        .flat_map(|s| (1..=3).map(move |l| (s, l)))
        .collect();
    assert_eq!(places, expected);
    assert!(found.iter().all(|r| (r.depth, r.width) == (3, 8)));

    let trial = job.plan.trial(0);
    let data = job.data(&trial).unwrap();
    let trained = train(&trial, &data, &mut Workspace::default()).unwrap();
    let model = trial.model(data.inputs(), data.outputs()).unwrap();
    let probed = &data.split.train[..20];
    let mut workspace = Workspace::default();
    let rates = &trained.start.report.rates;
    let before = model.trace(&trained.start.parameters, rates, &data, probed, &mut workspace);
    let after = model.trace(&trained.last, rates, &data, probed, &mut workspace);
    for l in 0..3 {
        let (z0, z) = (&before.layers[l].preactivation, &after.layers[l].preactivation);
        let row = &found[6 + l];
        assert_eq!(row.preactivation_size, Some(mean_size(z)));
        assert_eq!(row.preactivation_change, Some(mean_difference(z, z0)));
        assert_eq!(row.relative_change, Some(mean_difference(z, z0) / mean_size(z0)));
        assert!(row.preactivation_change > Some(0.0));
        assert_eq!(
            (found[l].preactivation_change, found[l].relative_change),
            (None, None)
        );
    }
}

#[test]
fn a_network_of_zeros_has_no_size_and_a_change_without_relation() {
    let grid = "scheme = \"zeros\"\narchitecture = [[4]]\nlearning_rate = 0.5";
    let found = rows(&job("steps = 1", "steps = 1", grid));
    assert_eq!(found[0].preactivation_size, Some(0.0));
    assert_eq!(found[2].preactivation_change, Some(0.0));
    // The output's bias moves by the rate times the share of its class, less a tenth.
    assert!(found[3].preactivation_change > Some(0.0));
    assert_eq!(found[3].relative_change, None);
}

#[test]
fn what_is_not_finite_is_missing() {
    let grid = "scheme = { kind = \"normal\", std = 1e6 }\narchitecture = { depth = 8, width = 32 }\nlearning_rate = 0.1";
    let found = rows(&job("steps = 3", "steps = 3", grid));
    assert_eq!(found.len(), 18);
    // The sixth layer's sums are beyond the greatest f32.
    assert!(found[0].preactivation_size > Some(0.0));
    assert_eq!(found[5].preactivation_size, None);
    let after = &found[9 + 5];
    assert_eq!((after.preactivation_change, after.relative_change), (None, None));
}
