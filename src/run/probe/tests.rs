//! Tests of one probe, on the embedded digits.

use super::super::train::tests::{digits, trial};
use super::*;
use crate::experiment::Length;

fn probed(scheme: &str, activation: &str, hidden: &[usize]) -> ProbeRecord {
    let trial = trial(scheme, activation, hidden, 0.1, Length::Epochs(0));
    probe(&trial, &digits(), &mut Workspace::default())
        .unwrap()
        .record
}

#[test]
fn a_wide_he_network_is_near_its_theory() {
    let record = probed("he_normal", "relu", &[256; 5]);
    assert_eq!(record.layers.len(), 6);
    for (layer, probe) in &record.layers {
        assert!(probe.weight_variance_error.unwrap().abs() < 5.0, "{probe:?}");
        assert!(probe.correlation_error.unwrap().abs() < 0.25, "{probe:?}");
        // About 5/256 of variance per layer, and the output layer has only ten units.
        let tolerance = if layer.fan_out == 10 { 1.5 } else { 0.6 };
        assert!(
            probe.moment_error.unwrap().abs() < tolerance,
            "{layer:?} {probe:?}"
        );
    }
    for (_, probe) in &record.layers[..4] {
        assert!(
            (probe.gradient_ratio_theory.unwrap() - 1.0).abs() < 0.02,
            "{probe:?}"
        );
        assert!(probe.gradient_ratio_error.unwrap().abs() < 0.25, "{probe:?}");
    }
    let (_, network) = record.layers.last().unwrap();
    assert_eq!((network.born_dead, network.first_dead), (Some(0), Some(0)));
    assert!(network.initial_loss.unwrap() > 2.0);
    let hidden = &record.layers[4].1;
    // Gaussian ReLU: 2 L, for L = 5 layers behind square ones; the first one is 64 wide.
    assert!(
        (2.0..16.0).contains(&hidden.jacobian_spread.unwrap()),
        "{hidden:?}"
    );
    assert!(hidden.jacobian_max.unwrap() > hidden.jacobian_mean.unwrap());
}

#[test]
fn zeros_are_dead_and_without_theory_that_divides_by_nothing() {
    let record = probed("zeros", "relu", &[8, 8]);
    let (layer, network) = record.layers.last().unwrap();
    assert_eq!((network.born_dead, network.first_dead), (Some(1), Some(1)));
    assert!((network.initial_loss.unwrap() - libm::log(10.0)).abs() < 1e-6);
    assert_eq!(layer.preactivation_moment, Some(0.0));
    for (_, probe) in &record.layers {
        assert_eq!(
            (probe.log_length, probe.moment_error, probe.pair_correlation),
            (None, None, None)
        );
    }
    assert_eq!(record.histograms[0].counts, "512");
}

#[test]
fn histograms_count_every_weight_and_only_in_replicate_0() {
    let record = probed("xavier_uniform", "tanh", &[16]);
    let weights = [64 * 16, 16 * 10];
    for (row, weights) in record.histograms.iter().zip(weights) {
        let counts: Vec<usize> = row.counts.split(' ').map(|c| c.parse().unwrap()).collect();
        assert_eq!((counts.len(), counts.iter().sum::<usize>()), (BINS, weights));
        assert!(row.low < 0.0 && row.high > 0.0);
    }
    let mut other = trial("xavier_uniform", "tanh", &[16], 0.1, Length::Epochs(0));
    other.coordinates.replicate = 1;
    let record = probe(&other, &digits(), &mut Workspace::default())
        .unwrap()
        .record;
    assert!(record.histograms.is_empty());
}

#[test]
fn closed_forms_are_those_of_the_integrals() {
    for name in ["relu", "identity"] {
        let activation = crate::activation::Activation::named(name).unwrap();
        let field = MeanField {
            activation: &activation,
            weight_variance: 1.7,
            bias_variance: 0.3,
        };
        for c in [-0.9, 0.0, 0.4, 0.999] {
            let difference = correlation_map(&field, 1.3, c) - field.correlation(1.3, c);
            assert!(difference.abs() < 1e-9, "{name} {c} {difference}");
        }
    }
}

#[test]
fn a_used_workspace_changes_nothing() {
    let mut workspace = Workspace::default();
    let data = digits();
    let big = trial("he_normal", "relu", &[70, 30, 20], 0.1, Length::Epochs(0));
    let small = trial("lecun_normal", "selu", &[9, 9], 0.1, Length::Epochs(0));
    let fresh = probe(&small, &data, &mut Workspace::default()).unwrap();
    probe(&big, &data, &mut workspace).unwrap();
    assert_eq!(probe(&small, &data, &mut workspace).unwrap(), fresh);
}

#[test]
fn bits_are_golden() {
    let record = probed("he_normal", "relu", &[12, 12]);
    let (layer, probe) = &record.layers[1];
    let bits = [
        layer.preactivation_moment,
        layer.gradient_moment,
        probe.moment_theory,
        probe.correlation_theory,
        probe.jacobian_spread,
        probe.jacobian_max,
        probe.log_length,
    ];
    let bits: Vec<String> = bits
        .iter()
        .map(|x| format!("{:016x}", x.unwrap().to_bits()))
        .collect();
    insta::assert_snapshot!(bits.join("\n"));
}
