//! Rows that need not be trained: those in journals and tables, here and elsewhere, that are of
//! trials of this run and can be trusted.
//!
//! A row is taken where its trial's digest, the digest of its data and `numerics_version` agree, it
//! did not fail, and everything that is to be recorded of it was. Journals of this very program are
//! trusted as they are; of any other place a sample is trained again and compared by bits.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::attempt::Work as _;
use super::directory::{self, Contents, PROBED, TRAINED, contents, would_overwrite};
use super::header::Header;
use super::job::Job;
use super::journal::{Journal, TrialKey, damaged};
use super::pool::Pool;
use super::replacement::OldTables;
use super::signals::Stop;
use super::store::Store;
use super::verify::{Amount, Tables, choose, recompute, tables_of};
use super::{BUILD, tables, weights};
use crate::analysis::diff::{self, Options, print::stage_name};
use crate::experiment::{Experiment, Plan, Record, SaveWeights};
use crate::init::Registry;
use crate::numerics::NUMERICS_VERSION;
use crate::support::error::{Error, Kind, Result};
use crate::support::text::{excerpt, grouped};
use crate::table::inputs::{inputs_changed, recorded_experiment};
use crate::table::io::TrialLine;
use crate::table::lookup::{Lookup, ScannedRecord};
use crate::table::manifest::Manifest;
use crate::table::record::{Coordinates, Status};
use crate::table::source::{Source, are_committed};
use crate::table::{format, order, trial_number};

/// Rows of a place that are trained again, at least.
const LEAST_RECHECKED: u32 = 3;

/// The share of a place's rows that are trained again unless the user says otherwise.
const RECHECKED: Amount = Amount::Share(0.01);

/// Multiply-adds for each thread after which no more rows are trained again unless the user has said
/// how many: some ten seconds.
const RECHECK_WORK: u64 = 100_000_000_000;

/// What a run needs rows of.
pub(crate) struct Wanted<'a> {
    pub experiment: &'a Experiment,
    pub plan: &'a Plan,
    /// Names and digests of its datasets; those that are not known here are taken to be the same.
    pub data: Vec<(String, String)>,
    pub directory: &'a Path,
    /// Which trials this run is to have.
    pub mine: &'a [bool],
}

/// Why a row that is there is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RejectReason {
    Failed,
    Data,
    Epochs,
    Layers,
    Weights,
}

impl RejectReason {
    fn words(self) -> &'static str {
        match self {
            RejectReason::Failed => "since they failed",
            RejectReason::Data => "since their data have changed",
            RejectReason::Epochs => "since their epochs were not recorded as they are to be now",
            RejectReason::Layers => "since their layers were not recorded as they are to be now",
            RejectReason::Weights => "since their weights were not saved here",
        }
    }
}

/// Somewhere that rows were taken from.
struct RowSource {
    name: String,
    backing: usize,
    /// Whether rows are reused without a sample: they are of this very program.
    trusted: bool,
    /// Whether a table was edited, so that every row has to be trained again.
    edited: bool,
}

/// What a place is known to hold.
struct SourceFacts {
    name: String,
    /// What was recorded; `None` where this program cannot read the experiment.
    record: Option<Record>,
    /// Whether it is in the results directory itself, beside its weights.
    own: bool,
    /// The datasets that have changed since.
    changed: BTreeSet<String>,
    /// Whether the rows of epochs and of layers that are wanted can be had.
    epochs: bool,
    layers: bool,
}

/// How to look for rows.
#[derive(Default)]
pub(crate) struct SearchOptions<'a> {
    /// The header of the journal that this run would go on with, where it keeps one.
    pub header: Option<&'a Header>,
    /// More places, which the user has named.
    pub reuse: &'a [Source],
    /// Whether every row is to be trained again, so that edited tables may be looked at.
    pub all_rechecked: bool,
}

/// Which rows are there, and where.
pub(crate) struct Survey<'a> {
    wanted: Wanted<'a>,
    numbers: HashMap<u64, u32>,
    /// Whether weights that are to be saved must be there.
    weights: bool,
    /// Whether a trial that failed is done.
    failed: bool,
    /// By trial, why a row that is there was not taken.
    why: Vec<Option<RejectReason>>,
    places: Vec<RowSource>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Journals that hold rows that the experiment no longer has.
    pub outgrown: Vec<PathBuf>,
    /// Whether the run's own journal is of an earlier form of the experiment.
    pub behind: bool,
    /// What becomes of the tables that are there.
    pub old: OldTables,
}

/// The digests of all trials of `plan`, as numbers.
fn numbers(plan: &Plan) -> Vec<u64> {
    let ids = (0..plan.len()).into_par_iter();
    ids.map(|i| trial_number(&plan.trial_id(i)).unwrap_or_default())
        .collect()
}

impl<'a> Survey<'a> {
    /// Nothing has been looked at yet.
    pub fn new(wanted: Wanted<'a>) -> Self {
        let numbers = numbers(wanted.plan).into_iter().zip(0..).collect();
        Survey {
            numbers,
            weights: true,
            failed: false,
            why: vec![None; wanted.mine.len()],
            wanted,
            places: Vec::new(),
            notes: Vec::new(),
            outgrown: Vec::new(),
            behind: false,
            old: OldTables::SetAside,
        }
    }

    /// The trial of this run that has the digest `id`.
    fn trial(&self, id: &str) -> Option<u32> {
        self.numbers.get(&trial_number(id)?).copied()
    }

    /// Looks everywhere but in the journal that the run goes on with, nearest first, and puts what can
    /// be taken into `store`. `seen` is called for every trial that is then done.
    ///
    /// # Errors
    /// A place holds what cannot be used or must not be overwritten. Nothing was changed.
    pub fn search(
        &mut self,
        store: &mut Store,
        options: &SearchOptions<'_>,
        mut seen: impl FnMut(u32, Status, Option<f64>),
    ) -> Result<()> {
        let here = self.wanted.directory.to_owned();
        self.own_journals(store, &here, options, &mut seen)?;
        let complete = (0u32..)
            .zip(self.wanted.mine)
            .all(|(i, mine)| !mine || store.has(i));
        match self.own_tables(store, &here, options, &mut seen) {
            // All rows are in its journal: tables that cannot be read are set aside, and cost nothing.
            Err(_) if complete => {}
            searched => searched?,
        }
        for source in options.reuse {
            self.search_source(store, source, options, &mut seen)?;
        }
        store.forget_failed();
        Ok(())
    }

    /// Takes every row in the journals below `directory`, whose shards have all been run, failed ones
    /// included.
    ///
    /// # Errors
    /// A journal cannot be read.
    pub fn shards(&mut self, store: &mut Store, directory: &Path) -> Result<()> {
        (self.weights, self.failed) = (false, true);
        for (_, _, path) in directory::all_journals(directory)? {
            let journal = Journal::open(&path, false)?;
            let (_, unknown) = self.journal(store, &path, journal, true, &mut |_, _, _| {})?;
            if unknown > 0 && directory == self.wanted.directory {
                self.outgrown.push(path);
            }
        }
        Ok(())
    }

    /// Learns what becomes of the tables that are there: they are kept aside unless it is certain that
    /// nothing in them would be lost.
    pub fn decide_old_tables(&mut self) {
        let here = self.wanted.directory.to_owned();
        let mut scratch = Store::new(self.why.len());
        let _ = self.own_tables(&mut scratch, &here, &SearchOptions::default(), &mut |_, _, _| {});
    }

    /// Takes the rows of the complete tables of this very experiment. Weights are as they were left.
    ///
    /// # Errors
    /// As for [`Survey::search`].
    pub fn complete_tables(&mut self, store: &mut Store, manifest: &Manifest) -> Result<()> {
        self.weights = false;
        let source = Source::Directory(self.wanted.directory.to_owned());
        self.tables(
            store,
            &source,
            manifest,
            true,
            &SearchOptions::default(),
            &mut |_, _, _| {},
        )?;
        Ok(())
    }

    fn own_journals(
        &mut self,
        store: &mut Store,
        here: &Path,
        options: &SearchOptions<'_>,
        seen: &mut impl FnMut(u32, Status, Option<f64>),
    ) -> Result<()> {
        let own = options
            .header
            .map(|header| directory::journal_path(here, header.shard));
        for (_, _, path) in directory::all_journals(here)? {
            let is_own = own.as_ref() == Some(&path);
            let journal = Journal::open(&path, false)?;
            let header = journal.header.clone();
            if let (true, Some(wanted)) = (is_own, options.header) {
                if header.difference(wanted).is_none() {
                    continue;
                }
                self.behind = true;
            }
            let (known, unknown) = self.journal(store, &path, journal, true, seen)?;
            if let (true, 0, 1.., Some(wanted)) = (is_own, known, unknown, options.header) {
                header.check(&path, wanted)?;
            }
            if unknown > 0 {
                self.outgrown.push(path);
            }
        }
        Ok(())
    }

    /// Takes rows from a journal. Returns how many are of trials of the experiment and how many are
    /// not.
    fn journal(
        &mut self,
        store: &mut Store,
        path: &Path,
        journal: Journal,
        own: bool,
        seen: &mut impl FnMut(u32, Status, Option<f64>),
    ) -> Result<(u64, u64)> {
        let header = journal.header.clone();
        if header.manifest.numerics_version != NUMERICS_VERSION {
            let name = path.display();
            self.other_numerics(&name.to_string(), header.manifest.numerics_version);
            return Ok((0, 1));
        }
        let place = self.describe(
            path.display().to_string(),
            &header.manifest,
            path,
            own,
            (true, true),
        );
        let (mut known, mut unknown) = (0, 0);
        let backing = store.next_backing();
        let index = |key: &TrialKey| {
            let Some(i) = self.trial(&key.trial_id) else {
                unknown += 1;
                return None;
            };
            known += 1;
            if !self.wanted.mine[i as usize] {
                return None;
            }
            match self.why_not(&place, i, &key.trial_id, key.status) {
                None => Some(i),
                Some(why) => {
                    self.why[i as usize].get_or_insert(why);
                    None
                }
            }
        };
        let found = store.add(journal, false, index, |i, key| seen(i, key.status, key.score))?;
        let damage = found.damage.ranges.iter();
        self.notes
            .extend(damage.map(|range| damaged(path, range) + " and not used"));
        self.places.push(RowSource {
            name: place.name,
            backing,
            trusted: header.build == BUILD,
            edited: false,
        });
        Ok((known, unknown))
    }

    fn own_tables(
        &mut self,
        store: &mut Store,
        here: &Path,
        options: &SearchOptions<'_>,
        seen: &mut impl FnMut(u32, Status, Option<f64>),
    ) -> Result<()> {
        let (manifest, not_ours) = match contents(here, self.wanted.experiment)? {
            Contents::Empty => return Ok(()),
            Contents::Complete(manifest) => (manifest, None),
            Contents::Tables(manifest, error) => (manifest, Some(error)),
        };
        let source = Source::Directory(here.to_owned());
        let found = self.tables(store, &source, &manifest, true, options, seen)?;
        if found.usable == 0 {
            let changed = inputs_changed(&manifest, self.wanted.experiment, &self.wanted.data);
            if let (1.., Some(changed)) = (found.known, changed.first()) {
                let what = format!("the results of this experiment, but {changed}");
                return Err(would_overwrite(here, &what));
            }
            if let (0, Some(error)) = (found.known, not_ours) {
                return Err(error);
            }
        }
        let stale = tables::stale(here, &self.wanted.experiment.record, &manifest);
        let lost = found.known < found.rows || found.changed || !stale.is_empty();
        let there = TRAINED.iter().chain(&PROBED).copied();
        let files: Vec<&str> = there
            .filter(|name| *name != format::SUMMARY && (TRAINED.contains(name) || stale.contains(name)))
            .filter(|name| here.join(name).exists())
            .collect();
        if !lost || are_committed(here, &files) {
            self.old = OldTables::Overwrite;
        }
        Ok(())
    }

    /// Looks at a place that the user has named.
    fn search_source(
        &mut self,
        store: &mut Store,
        source: &Source,
        options: &SearchOptions<'_>,
        seen: &mut impl FnMut(u32, Status, Option<f64>),
    ) -> Result<()> {
        let mut journals = Vec::new();
        if let Source::Directory(directory) = source {
            journals = directory::all_journals(directory)?;
        }
        let manifest = Manifest::read(source)?;
        if manifest.is_none() && journals.is_empty() {
            let message = format!(
                "there are no results in {source}: no {}, no journal",
                format::MANIFEST
            );
            return Err(Error::new(Kind::Usage, message)
                .help("--reuse takes a results directory, or one in a revision: HEAD~1:results/full"));
        }
        for (_, _, path) in journals {
            let journal = Journal::open(&path, false)?;
            self.journal(store, &path, journal, false, seen)?;
        }
        let Some(manifest) = manifest else { return Ok(()) };
        if manifest.numerics_version != NUMERICS_VERSION {
            self.other_numerics(&source.to_string(), manifest.numerics_version);
            return Ok(());
        }
        self.tables(store, source, &manifest, false, options, seen)?;
        Ok(())
    }

    fn other_numerics(&mut self, name: &str, version: u32) {
        self.notes.push(format!(
            "no row of {name} is reused: they are of numerics version {version}, and this program's is {NUMERICS_VERSION}"
        ));
    }

    /// What the place called `name` holds, whose manifest is at `path`. `there` says whether it has rows
    /// of epochs and of layers.
    fn describe(
        &self,
        name: String,
        manifest: &Manifest,
        path: &Path,
        own: bool,
        there: (bool, bool),
    ) -> SourceFacts {
        let then = recorded_experiment(manifest, path, self.wanted.experiment.registry()).ok();
        let then = then.map(|experiment| Record::clone(&experiment.record));
        let now = &self.wanted.experiment.record;
        let recorded = |what: &dyn Fn(&Record) -> bool, unknown| then.as_ref().map_or(unknown, what);
        let same_layers = |then: &Record| {
            let within = |a: &Record, b: &Record| a.layers.iter().all(|at| b.layers.contains(at));
            within(then, now)
                && within(now, then)
                && then.layer_rows == now.layer_rows
                && then.probe_samples == now.probe_samples
        };
        let differs = |(name, digest): &&(String, String)| {
            let then = manifest.dataset.iter().find(|entry| entry.name == *name);
            then.is_some_and(|entry| entry.digest != *digest)
        };
        let changed = self.wanted.data.iter().filter(differs);
        SourceFacts {
            name,
            own,
            changed: changed.map(|(name, _)| name.clone()).collect(),
            epochs: there.0 && recorded(&|then| then.writes_epochs_of(now), true),
            layers: there.1 && recorded(&same_layers, false),
            record: then,
        }
    }

    /// Why the row of trial `i` in `place` cannot be taken, if so.
    fn why_not(&self, place: &SourceFacts, i: u32, id: &str, status: Status) -> Option<RejectReason> {
        let now = &self.wanted.experiment.record;
        if status == Status::Failed && !self.failed {
            return Some(RejectReason::Failed);
        }
        if !place.changed.is_empty() {
            let dataset = self.wanted.plan.coordinates(i as usize).dataset;
            if place.changed.contains(&dataset) {
                return Some(RejectReason::Data);
            }
        }
        if now.epochs && !place.epochs {
            return Some(RejectReason::Epochs);
        }
        if !now.layers.is_empty() && !place.layers {
            return Some(RejectReason::Layers);
        }
        if self.weights && now.weights != SaveWeights::None {
            let saved = |then: &Record| then.weights == now.weights || then.weights == SaveWeights::Both;
            let saved = place.own && place.record.as_ref().is_some_and(saved);
            let ended_well = status == Status::Ok;
            if !saved || !weights::are_saved(self.wanted.directory, id, now.weights, ended_well) {
                return Some(RejectReason::Weights);
            }
        }
        None
    }

    fn tables(
        &mut self,
        store: &mut Store,
        source: &Source,
        manifest: &Manifest,
        own: bool,
        options: &SearchOptions<'_>,
        seen: &mut impl FnMut(u32, Status, Option<f64>),
    ) -> Result<Rows> {
        let wrong = |error: Error| {
            let help = match own {
                true => {
                    "nothing is taken from it, and nothing was changed; put it back as it was, or `--fresh` trains all anew and moves it aside"
                }
                false => "nothing is taken from it, and nothing was changed; leave it out of --reuse",
            };
            error.help(help)
        };
        let edited = manifest.edited(source, &TRAINED)?;
        if let (Some(name), false) = (&edited, options.all_rechecked) {
            let message = format!("{name} is not as it was written: edited since, or cut short");
            return Err(wrong(Error::new(Kind::Store, message))
                .help("`--recheck 100%` trains all its rows again and takes them if every bit is the same"));
        }
        let there = source.tables()?;
        let there = (there.contains(format::EPOCHS), there.contains(format::LAYERS));
        let path = PathBuf::from(source.name_of(format::MANIFEST));
        let place = self.describe(source.to_string(), manifest, &path, own, there);
        let now = &self.wanted.experiment.record;
        let with = (now.epochs && place.epochs, !now.layers.is_empty() && place.layers);
        let mut lookup = Lookup::open(source, with).map_err(wrong)?;
        let mut found = Rows::default();
        let mut check = Check::new(manifest, self.wanted.experiment.registry(), source);
        let mut places = Vec::new();
        let mut ends = Vec::new();
        let scanned = lookup.scan(|row| {
            let id = &row.line.trial.trial_id;
            let trial = self.trial(id);
            check.row(&row, trial, self.wanted.plan, with)?;
            let Some(i) = trial else { return Ok(()) };
            found.known += 1;
            match self.why_not(&place, i, id, row.line.trial.status) {
                None => {
                    found.usable += 1;
                    if self.wanted.mine[i as usize] && !store.has(i) {
                        let line = &row.line.trial;
                        ends.push((i, line.status, TrialKey::score_of(line)));
                        places.push((i, row.place));
                    }
                }
                Some(why) => {
                    found.changed |= matches!(why, RejectReason::Data | RejectReason::Layers);
                    found.usable += u64::from(why != RejectReason::Data);
                    self.why[i as usize].get_or_insert(why);
                }
            }
            Ok(())
        });
        found.rows = scanned.map_err(wrong)?;
        let name = source.name_of(format::TRIALS);
        manifest.check_rows(found.rows, &name).map_err(wrong)?;
        for (i, status, score) in ends {
            seen(i, status, score);
        }
        self.places.push(RowSource {
            name: place.name,
            backing: store.next_backing(),
            trusted: false,
            edited: edited.is_some(),
        });
        store.add_tables(lookup, places);
        Ok(found)
    }

    /// The line that says what is there. `rechecked` trials were trained again; `None` of a dry run.
    /// `None` where there is nothing to say.
    pub fn line(&self, store: &Store, rechecked: Option<u64>, planned: u64) -> Option<String> {
        let mine = || (0u32..).zip(self.wanted.mine).filter(|(_, mine)| **mine);
        let all = mine().count() as u64;
        let left: Vec<u32> = mine().map(|(i, _)| i).filter(|i| !store.has(*i)).collect();
        let counts = self
            .places
            .iter()
            .map(|p| (p, store.trials_of(p.backing).len() as u64));
        let counts: Vec<(&RowSource, u64)> = counts.collect();
        let with_rows = counts.iter().filter(|(_, n)| *n > 0).count();
        let shown = counts.iter().filter(|(_, n)| *n > 0 || with_rows == 0);
        let mut text = String::new();
        for (place, n) in shown {
            match text.is_empty() {
                true => {
                    text = format!(
                        "{} of {} trials are in {} already",
                        grouped(*n),
                        grouped(all),
                        place.name
                    )
                }
                // Writing to a string does not fail.
                false => drop(write!(text, ", {} in {}", grouped(*n), place.name)),
            }
        }
        if text.is_empty() {
            return None;
        }
        let _ = match (rechecked, planned) {
            (Some(0), _) | (None, 0) => Ok(()),
            (Some(n), _) => write!(text, ", {} of them recomputed here and equal", grouped(n)),
            (None, n) => write!(text, ", {} of them to be recomputed first", grouped(n)),
        };
        let _ = write!(text, "; {} to train", grouped(left.len() as u64));
        let mut reasons: BTreeMap<RejectReason, u64> = BTreeMap::new();
        for why in left.iter().filter_map(|i| self.why[*i as usize]) {
            *reasons.entry(why).or_default() += 1;
        }
        for (why, n) in reasons {
            let _ = write!(text, ", {} of them {}", grouped(n), why.words());
        }
        Some(text)
    }

    /// The trials that are to be trained again, by place. `amount` is what the user has asked for.
    pub fn sample(&self, store: &Store, amount: Option<Amount>, threads: usize) -> Vec<Vec<u32>> {
        let mut budget = RECHECK_WORK.saturating_mul(threads as u64);
        let sample = |place: &RowSource| {
            let there = store.trials_of(place.backing);
            if place.trusted && amount.is_none() || there.is_empty() {
                return Vec::new();
            }
            if place.edited {
                return there;
            }
            let all = there.len() as u32;
            let count = match amount {
                Some(amount) => amount.of(all),
                None => RECHECKED.of(all).max(LEAST_RECHECKED).min(all),
            };
            let mut chosen = Vec::new();
            for number in choose(self.wanted.plan.seed(), all, count) {
                let trial = there[number as usize];
                let work = self.wanted.plan.cost(trial as usize);
                if amount.is_none() && chosen.len() >= LEAST_RECHECKED as usize && work > budget {
                    break;
                }
                budget = budget.saturating_sub(work);
                chosen.push(trial);
            }
            chosen.sort_unstable();
            chosen
        };
        self.places.iter().map(sample).collect()
    }

    /// Trains a sample of the rows again and compares bits. Returns how many there were.
    ///
    /// # Errors
    /// A row differs: the error names it, and where the difference begins. Or the program has been
    /// asked to stop.
    pub fn recheck(
        &self,
        job: &Arc<Job>,
        store: &mut Store,
        chosen: &[Vec<u32>],
        pool: &Pool,
        quiet: bool,
        stop: &Stop,
    ) -> Result<u64> {
        let mut all: Vec<u32> = chosen.concat();
        all.sort_unstable();
        let count = all.len() as u64;
        if all.is_empty() {
            return Ok(0);
        }
        let mut again = recompute(job, &all, pool, quiet, stop)?;
        let mut wrong = Vec::new();
        for (place, trials) in self.places.iter().zip(chosen) {
            for &i in trials {
                let records = [&mut *store, &mut again].map(|store| store.fetch(i));
                let [old, new] = records.map(|record| record.map(|r| tables_of(job, &[r])));
                let (old, new) = (old?, new?);
                if old != new {
                    wrong.push((place, i, old, new));
                }
            }
        }
        let differing = wrong.len();
        let Some((place, i, old, new)) = wrong.into_iter().next() else {
            return Ok(count);
        };
        let memory = |files: Tables| Source::Memory {
            name: place.name.clone(),
            files: files.into_iter().collect(),
        };
        let files: Vec<String> = old.iter().map(|(name, _)| name.clone()).collect();
        let options = Options {
            left_out: Some(Vec::new()),
            ..Options::default()
        };
        let report = diff::compare_tables(&memory(old), &memory(new), &files, &options)?;
        let origins = report.directories.iter().filter_map(|d| d.origins.as_ref());
        let stage = origins.flatten().next().map(|origin| stage_name(origin.stage));
        let message = format!(
            "{}: the row of trial {} ({}) is not what this program computes; the difference begins with {}",
            place.name,
            job.trial_id(i),
            job.describe(i),
            stage.unwrap_or_else(|| "its other columns".to_owned())
        );
        let of_all = format!(
            "{} of {} trials that were recomputed differ; no row was taken, and the tables are as they were",
            grouped(differing as u64),
            grouped(count)
        );
        Err(Error::new(Kind::Store, message)
            .help(of_all)
            .help("`goodinit verify` recomputes more of them; `--fresh` trains all of them anew"))
    }
}

/// What was found in tables.
#[derive(Default)]
struct Rows {
    rows: u64,
    /// Those of trials of the experiment.
    known: u64,
    /// Of these, those that are on the same data.
    usable: u64,
    /// Whether some are of other data or of layers recorded otherwise.
    changed: bool,
}

/// Checks that rows of tables are what their manifest says, one after the other.
struct Check<'a> {
    manifest: &'a Manifest,
    /// The schemes that the experiment in it may have.
    registry: &'a Registry,
    source: &'a Source,
    seen: HashSet<String>,
    before: Option<Coordinates>,
    /// The digests of the trials of the experiment in the manifest, where it can be read; made when
    /// they are first needed.
    theirs: Option<Option<HashSet<u64>>>,
    /// Rows of layers of a trial that ended well, by architecture.
    layers: BTreeMap<String, usize>,
}

impl<'a> Check<'a> {
    fn new(manifest: &'a Manifest, registry: &'a Registry, source: &'a Source) -> Self {
        Check {
            manifest,
            registry,
            source,
            seen: HashSet::new(),
            before: None,
            theirs: None,
            layers: BTreeMap::new(),
        }
    }

    fn row(
        &mut self,
        row: &ScannedRecord<'_>,
        trial: Option<u32>,
        plan: &Plan,
        with: (bool, bool),
    ) -> Result<()> {
        let wrong = |what: String| Err(Error::new(Kind::Store, format!("{}: {what}", row.at)));
        let TrialLine {
            coordinates,
            trial: line,
        } = row.line;
        let id = &line.trial_id;
        if !self.seen.insert(id.clone()) {
            return wrong(format!("a second row of trial `{}`", excerpt(id)));
        }
        if let Some(before) = self.before.replace(coordinates.clone()) {
            order::check(&before, coordinates, &row.at)?;
        }
        let belongs = match trial {
            Some(i) => plan.coordinates(i as usize) == *coordinates,
            None => self.is_of_the_manifest(id),
        };
        if !belongs {
            return wrong(format!(
                "the trial_id `{}` does not belong to these coordinates",
                excerpt(id)
            ));
        }
        if line.status != Status::Ok {
            return Ok(());
        }
        if with.0 && row.last_step != Some(line.steps) {
            return wrong(format!("{} does not hold all rows of this trial", format::EPOCHS));
        }
        if with.1 {
            let usual = self
                .layers
                .entry(coordinates.architecture.clone())
                .or_insert(row.layers);
            if row.layers == 0 || row.layers != *usual {
                return wrong(format!("{} does not hold all rows of this trial", format::LAYERS));
            }
        }
        Ok(())
    }

    /// Whether the experiment in the manifest has a trial with the digest `id`, as far as can be told.
    fn is_of_the_manifest(&mut self, id: &str) -> bool {
        let (manifest, source) = (self.manifest, self.source);
        let theirs = self.theirs.get_or_insert_with(|| {
            let path = PathBuf::from(source.name_of(format::MANIFEST));
            let experiment = recorded_experiment(manifest, &path, self.registry).ok()?;
            let same = experiment.digest() == manifest.experiment_digest;
            same.then(|| numbers(&experiment.plan()).into_iter().collect())
        });
        let has = |theirs: &HashSet<u64>| trial_number(id).is_some_and(|id| theirs.contains(&id));
        theirs.as_ref().is_none_or(has)
    }
}
