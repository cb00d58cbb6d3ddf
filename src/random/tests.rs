//! Value stability, equality with the reference generator, and the laws of the samplers.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::Distribution;

use super::*;

fn key() -> Key {
    Key::new(2026, 3, Purpose::Weights)
}

fn reference(key: Key, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::from_seed(key.0);
    rng.set_stream(stream);
    rng
}

fn bits(draws: &[f32]) -> Vec<u32> {
    draws.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn words_are_those_of_rand_chacha() {
    for number in [0, 1, u64::MAX, 1 << 40] {
        let (mut ours, mut theirs) = (key().stream(number), reference(key(), number));
        for i in 0..2000 {
            assert_eq!(ours.word(), theirs.next_u32(), "word {i} of stream {number}");
        }
    }
}

#[test]
fn block_numbers_carry_into_their_high_word() {
    let mut ours = key().stream(7);
    ours.next.number = (1 << 28) - 1;
    let mut theirs = reference(key(), 7);
    theirs.set_word_pos(((1 << 28) - 1) * CHUNK as u128);
    for _ in 0..2 * CHUNK {
        assert_eq!(ours.word(), theirs.next_u32());
    }
}

/// The samplers' bits as the documentation defines them, one draw at a time from the reference
/// generator.
#[test]
fn fills_are_what_the_documentation_says() {
    let words: Vec<u32> = {
        let mut rng = reference(key(), 5);
        (0..4 * CHUNK).map(|_| rng.next_u32()).collect()
    };
    let word = |chunk: usize, block: usize, i: usize| words[chunk * CHUNK + block * BLOCK + i];
    let n = 2 * CHUNK + 37;
    let (mut uniform, mut normal) = (vec![0.0; n], vec![0.0; n]);
    key().stream(5).fill_uniform(&mut uniform, 0.3);
    key().stream(5).fill_normal(&mut normal, 0.7);
    for d in 0..n {
        let (chunk, block, i) = (d / CHUNK, d % BLOCKS, d % CHUNK / BLOCKS);
        let s = word(chunk, block, i) as i32 >> 8;
        let want = (2 * s + 1) as f32 / 16_777_216.0 * 0.3;
        assert_eq!(uniform[d].to_bits(), want.to_bits());

        let (w, v) = (word(chunk, block, i & !1), word(chunk, block, i | 1));
        let r = (-2.0 * libm::log((f64::from(w >> 1) + 0.5) / libm::ldexp(1.0, 31))).sqrt();
        // Quadrant from the top two bits, the rest from -1/2 to 1/2 of a quarter turn.
        let within = f64::from((v << 2) as i32 | 2) / libm::ldexp(1.0, 32);
        let angle = (f64::from(v >> 30) + within) * std::f64::consts::FRAC_PI_2;
        let want = 0.7
            * r
            * if i % 2 == 0 {
                libm::cos(angle)
            } else {
                libm::sin(angle)
            };
        assert!(
            (f64::from(normal[d]) - want).abs() < 2e-6,
            "{d}: {} {want}",
            normal[d]
        );
    }
}

#[test]
fn fills_and_single_draws_share_a_stream_in_whole_chunks() {
    let mut stream = key().stream(1);
    let first = stream.word();
    let mut few = [0.0; 3];
    stream.fill_uniform(&mut few, 1.0);
    let after = stream.word();
    let mut theirs = reference(key(), 1);
    assert_eq!(first, theirs.next_u32());
    theirs.set_word_pos(2 * CHUNK as u128);
    assert_eq!(after, theirs.next_u32());
    // An empty fill takes nothing.
    let mut a = key().stream(1);
    a.fill_normal(&mut [], 1.0);
    assert_eq!(a.word(), first);
}

#[test]
fn every_instruction_set_gives_the_same_draws() {
    for n in [1, 15, 16, 255, 256, 257, 5000] {
        let draws = |isa: Isa| {
            let mut stream = key().stream(n as u64);
            let (mut uniform, mut normal) = (vec![0.0; n], vec![0.0; n]);
            stream.fill(isa, Uniform { limit: 0.1 }, &mut uniform);
            stream.fill(isa, Normal { std: 1.0 }, &mut normal);
            let mut words = [0; CHUNK];
            dispatch(
                isa,
                Words {
                    chunk: stream.next,
                    out: &mut words,
                },
            );
            (bits(&uniform), bits(&normal), words)
        };
        let want = draws(Isa::Portable);
        for isa in Isa::supported() {
            assert_eq!(draws(isa), want, "{isa}, {n} draws");
        }
    }
}

#[test]
fn distributions_draw_one_at_a_time_from_any_generator() {
    let mut rng = reference(key(), 2);
    let mut fill = [0.0; 1];
    key().stream(2).fill_uniform(&mut fill, 0.5);
    assert_eq!(Uniform { limit: 0.5 }.sample(&mut rng), fill[0]);
    let mut stream = key().stream(2);
    key().stream(2).fill_normal(&mut fill, 0.5);
    assert_eq!(Normal { std: 0.5 }.sample(&mut stream), fill[0]);
}

#[test]
fn value_stability() {
    let mut stream = key().stream(1);
    let words = [0; 3].map(|_| stream.word());
    let unit = stream.unit_f64().to_bits();
    let below = [0; 4].map(|_| stream.below(1000));
    let mut order: Vec<u8> = (0..10).collect();
    stream.shuffle(&mut order);
    let mut draws = [[0.0; 300]; 3];
    let [uniform, normal, truncated] = &mut draws;
    stream.fill_uniform(uniform, 0.5);
    stream.fill_normal(normal, 0.1);
    stream.fill_truncated_normal(truncated, 1.0, 2.0);
    let [uniform, normal, truncated] = draws.map(|d| [0, 16, 35, 299].map(|i| d[i].to_bits()));
    insta::assert_snapshot!(format!(
        "words {words:x?}\nunit {unit:x}\nbelow 1000 {below:?}\norder {order:?}\n\
         uniform {uniform:x?}\nnormal {normal:x?}\ntruncated normal {truncated:x?}"
    ));
}

/// Kolmogorov and Smirnov's distance from the law with distribution function `law`, times
/// `sqrt(n)`; above 1.95 with probability 0.001.
fn kolmogorov_smirnov(draws: &mut [f32], law: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f32::total_cmp);
    let n = draws.len() as f64;
    let mut distance = 0f64;
    for (i, &x) in draws.iter().enumerate() {
        let p = law(f64::from(x));
        distance = distance
            .max((p - i as f64 / n).abs())
            .max(((i + 1) as f64 / n - p).abs());
    }
    distance * n.sqrt()
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Mean of the draws raised to `power`.
fn mean_power(draws: &[f32], power: u8) -> f64 {
    let powers = draws.iter().map(|&x| libm::pow(f64::from(x), f64::from(power)));
    powers.sum::<f64>() / draws.len() as f64
}

/// Means of the first four powers, in standard errors from those of the standard normal law.
fn normal_moments(draws: &[f32]) -> [f64; 4] {
    let n = draws.len() as f64;
    let mean = |power| mean_power(draws, power);
    // Variances of x, x^2, x^3, x^4 under the standard normal law.
    let error = |variance: f64| (variance / n).sqrt();
    [
        mean(1) / error(1.0),
        (mean(2) - 1.0) / error(2.0),
        mean(3) / error(15.0),
        (mean(4) - 3.0) / error(96.0),
    ]
}

const DRAWS: usize = 200_000;

fn normal_draws() -> Vec<f32> {
    let mut draws = vec![0.0; DRAWS];
    key().stream(11).fill_normal(&mut draws, 1.0);
    draws
}

#[test]
fn normal_draws_follow_the_law() {
    let mut draws = normal_draws();
    let moments = normal_moments(&draws);
    assert!(moments.iter().all(|z| z.abs() < 4.0), "{moments:?}");
    let distance = kolmogorov_smirnov(&mut draws, normal_cdf);
    assert!(distance < 1.95, "{distance}");
    // The tests can fail: a deviation that is a few per cent too large is found out.
    let mut wrong: Vec<f32> = draws.iter().map(|x| x * 1.03).collect();
    assert!(normal_moments(&wrong)[1] > 10.0);
    assert!(kolmogorov_smirnov(&mut wrong, normal_cdf) > 1.95);
}

#[test]
fn normal_draws_agree_with_rand_distr() {
    // Two samples: the distance times sqrt(n / 2) has the same limit law.
    let mut theirs: Vec<f32> = {
        let mut rng = reference(key(), 12);
        (0..DRAWS)
            .map(|_| rand_distr::StandardNormal.sample(&mut rng))
            .collect()
    };
    theirs.sort_by(f32::total_cmp);
    let below = |x: f64| theirs.partition_point(|&t| f64::from(t) <= x) as f64 / DRAWS as f64;
    let distance = kolmogorov_smirnov(&mut normal_draws(), below) / std::f64::consts::SQRT_2;
    assert!(distance < 1.95, "{distance}");
}

#[test]
fn normal_draws_do_not_depend_on_each_other() {
    let draws = normal_draws();
    let correlation = |lag: usize, power: i32| {
        let centre = if power == 2 { 1.0 } else { 0.0 };
        let f = |x: f32| libm::pow(f64::from(x), f64::from(power)) - centre;
        let n = DRAWS - lag;
        let sum: f64 = (0..n).map(|i| f(draws[i]) * f(draws[i + lag])).sum();
        let variance = if power == 2 { 2.0 } else { 1.0 };
        sum / variance / (n as f64).sqrt()
    };
    // 16 is the distance of the two draws of a pair.
    for lag in [1, 2, 15, 16, 17, 32, 256] {
        for power in [1, 2] {
            let z = correlation(lag, power);
            assert!(z.abs() < 4.0, "lag {lag}, power {power}: {z} standard errors");
        }
    }
}

#[test]
fn uniform_draws_follow_the_law() {
    let mut draws = vec![0.0; DRAWS];
    key().stream(13).fill_uniform(&mut draws, 1.0);
    assert!(draws.iter().all(|x| x.abs() < 1.0 && *x != 0.0));
    let n = DRAWS as f64;
    let mean = |power| mean_power(&draws, power);
    assert!((mean(1) / (1.0 / 3.0 / n).sqrt()).abs() < 4.0);
    assert!(((mean(2) - 1.0 / 3.0) / (4.0 / 45.0 / n).sqrt()).abs() < 4.0);
    let distance = kolmogorov_smirnov(&mut draws, |x| (x + 1.0) / 2.0);
    assert!(distance < 1.95, "{distance}");
}

#[test]
fn truncated_draws_follow_the_law() {
    let mut draws = vec![0.0; DRAWS];
    let (std, cut) = (0.5, 2.0);
    key().stream(14).fill_truncated_normal(&mut draws, std, cut);
    assert!(draws.iter().all(|x| x.abs() <= std * cut));
    assert!(draws.iter().any(|x| x.abs() > 0.99 * std * cut));
    let second = draws.iter().map(|&x| f64::from(x * x)).sum::<f64>() / DRAWS as f64;
    let ratio = second.sqrt() / f64::from(std);
    // 0.87962566 of the parent's; the standard error of a deviation is below ratio / sqrt(2 n).
    assert!(
        (ratio - 0.879_625_66).abs() < 4.0 * ratio / (2.0 * DRAWS as f64).sqrt(),
        "{ratio}"
    );
    let (low, high) = (normal_cdf(-2.0), normal_cdf(2.0));
    let law = |x: f64| (normal_cdf(x / 0.5) - low) / (high - low);
    let distance = kolmogorov_smirnov(&mut draws, law);
    assert!(distance < 1.95, "{distance}");
}

#[test]
fn whole_numbers_are_uniform_and_shuffles_too() {
    let mut stream = key().stream(15);
    let mut counts = [0f64; 7];
    for _ in 0..70_000 {
        counts[stream.below(7) as usize] += 1.0;
    }
    let chi2: f64 = counts
        .iter()
        .map(|c| (c - 10_000.0) * (c - 10_000.0) / 10_000.0)
        .sum();
    assert!(
        chi2 < 22.46,
        "{chi2} has probability below 0.001 with 6 degrees of freedom"
    );
    let mut orders = std::collections::BTreeMap::new();
    for _ in 0..24_000 {
        let mut items = [0, 1, 2, 3];
        stream.shuffle(&mut items);
        *orders.entry(items).or_insert(0f64) += 1.0;
    }
    let chi2: f64 = orders
        .values()
        .map(|c| (c - 1000.0) * (c - 1000.0) / 1000.0)
        .sum();
    assert_eq!(orders.len(), 24);
    assert!(
        chi2 < 49.73,
        "{chi2} has probability below 0.001 with 23 degrees of freedom"
    );
}

#[test]
fn keys_of_different_meaning_give_different_streams() {
    let keys = [
        Key::new(1, 0, Purpose::Weights).stream(0),
        Key::new(2, 0, Purpose::Weights).stream(0),
        Key::new(1, 1, Purpose::Weights).stream(0),
        Key::new(1, 0, Purpose::Biases).stream(0),
        Key::new(1, 0, Purpose::Weights).stream(1),
    ];
    let firsts: std::collections::BTreeSet<u32> = keys.into_iter().map(|mut s| s.word()).collect();
    assert_eq!(firsts.len(), 5);
}

/// Counts draws beyond 1 to 6 deviations among 2^30 and compares with the law. Run by
/// `tests/scripts/tails.sh`, in release.
#[test]
#[ignore = "minutes; see tests/scripts/tails.sh"]
fn tails_are_as_heavy_as_the_law_says() {
    let total = 1u64 << 30;
    let mut stream = key().stream(16);
    let mut draws = vec![0.0; 1 << 16];
    let mut beyond = [0u64; 13];
    let (mut largest, mut zeros) = (0f32, 0u64);
    for _ in 0..total >> 16 {
        stream.fill_normal(&mut draws, 1.0);
        for &x in &draws {
            let x = x.abs();
            largest = largest.max(x);
            zeros += u64::from(x == 0.0);
            beyond[(x * 2.0) as usize] += 1;
        }
    }
    for i in (0..12).rev() {
        beyond[i] += beyond[i + 1];
    }
    println!("{total} draws, largest {largest}, zeros {zeros}");
    for (i, &count) in beyond.iter().enumerate().skip(1) {
        let expected = total as f64 * libm::erfc(i as f64 / 2.0 / std::f64::consts::SQRT_2);
        let z = (count as f64 - expected) / expected.max(1.0).sqrt();
        println!(
            "|x| >= {:.1}: {count}, expected {expected:.1}, {z:+.2} deviations",
            i as f64 / 2.0
        );
        assert!(z.abs() < 4.5);
    }
}
