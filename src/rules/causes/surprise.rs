//! Whether a value is shared by more orders than chance gives. All in integers.
//!
//! Only findings are known, not the orders that agree, so each value is compared with the other
//! values that findings of its kind have: a value is a cause if at least
//! `smallest group + factor × (what an even spread gives a value)` orders have it. With the factor,
//! an uneven spread is not a cause: a busy hour, a frequent price.

use super::clue::Clue;
use crate::domain::mismatch::Kind;
use std::collections::HashMap;

/// Fewer orders than this are looked at one by one anyway, and are too few to prove anything.
const FEWEST: u64 = 5;
/// How many times more orders than an even spread gives a figure or an hour. Many are compared, so
/// some are far above it by chance.
const FACTOR: u64 = 6;
/// The same for a word. There are few words.
const FACTOR_OF_WORDS: u64 = 4;
/// A group must be as improbable as this many tosses of a coin that all agree.
const TOSSES: u64 = 16;

/// The clues that are not explained yet, each with the number of its orders. Sorted by clue.
pub(super) type Counted<'a> = [(&'a Clue, u64)];

/// The clues that more orders share than chance gives, as positions in `counted`.
pub(super) fn surprising(counted: &Counted) -> Vec<usize> {
    let mut found = Vec::new();
    let mut begin = 0;
    for group in counted.chunk_by(|(one, _), (next, _)| are_alternatives(one, next)) {
        let indices = match group.first().map(|(clue, _)| *clue) {
            Some(Clue::Percent(..) | Clue::Difference(..)) => peaks(group),
            Some(Clue::Hour(_)) => peak_hours(group),
            Some(Clue::Channel(kind, _)) => channel(counted, group, *kind).into_iter().collect(),
            Some(_) => categories(group, group.len()),
            None => Vec::new(),
        };
        found.extend(indices.into_iter().map(|index| begin + index));
        begin += group.len();
    }
    found
}

fn sum(group: &Counted) -> u64 {
    group.iter().map(|(_, count)| count).sum()
}

/// Whether the two are values of the same thing, of which a finding has one.
fn are_alternatives(one: &Clue, other: &Clue) -> bool {
    match (one, other) {
        (Clue::Percent(kind, value), Clue::Percent(other, another)) => {
            kind == other && (*value < 0) == (*another < 0)
        }
        (Clue::Difference(kind, currency, value), Clue::Difference(other, same, another)) => {
            kind == other && currency == same && (*value < 0) == (*another < 0)
        }
        (Clue::Channel(kind, _), Clue::Channel(other, _)) => kind == other,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// Whether `count` orders are enough where `others` orders spread evenly over `cells` values.
fn is_more_than_spread((fewest, factor): (u64, u64), count: u64, others: u64, cells: u64) -> bool {
    let cells = cells.max(1);
    count >= fewest && (count - fewest).saturating_mul(cells) >= others.saturating_mul(factor)
}

/// Figures against their neighbours from half of them to their double: small figures are more
/// frequent than large ones, but not by much within these limits.
fn peaks(group: &Counted) -> Vec<usize> {
    let step = step(group);
    let mut sizes: Vec<(u64, u64, usize)> = group
        .iter()
        .enumerate()
        .map(|(index, (clue, count))| (size(clue), *count, index))
        .collect();
    sizes.sort_unstable();
    // The orders up to each figure, so that a sum over neighbours is one subtraction.
    let up_to: Vec<u64> = std::iter::once(0)
        .chain(sizes.iter().scan(0, |sum, (_, count, _)| {
            *sum += count;
            Some(*sum)
        }))
        .collect();
    let (Some((least, ..)), Some((most, ..))) = (sizes.first(), sizes.last()) else {
        return Vec::new();
    };
    let is_peak = |(figure, count, _): &&(u64, u64, usize)| {
        let (from, to) = ((figure / 2).max(*least), figure.saturating_mul(2).min(*most));
        let below = |limit: u64| {
            let position = sizes.partition_point(|(size, ..)| *size < limit);
            up_to.get(position).copied().unwrap_or_default()
        };
        let near = below(to.saturating_add(1)) - below(from);
        let others = near.saturating_sub(*count);
        is_more_than_spread((FEWEST, FACTOR), *count, others, (to - from) / step)
    };
    sizes.iter().filter(is_peak).map(|(_, _, index)| *index).collect()
}

fn size(clue: &Clue) -> u64 {
    match clue {
        Clue::Percent(_, figure) | Clue::Difference(_, _, figure) => figure.unsigned_abs(),
        _ => 0,
    }
}

/// The step in which the figures come: the largest power of ten that divides nine of ten of them.
/// Prices in whole hundreds differ by whole hundreds.
fn step(group: &Counted) -> u64 {
    let all = sum(group);
    let divided = |step: u64| -> u64 {
        group.iter().filter(|(clue, _)| size(clue).is_multiple_of(step)).map(|it| it.1).sum()
    };
    let steps = std::iter::successors(Some(10_u64), |step| step.checked_mul(10));
    steps.take_while(|step| divided(*step) * 10 >= all * 9).last().unwrap_or(1)
}

/// Hours against the day before and after them, as far as there are orders.
fn peak_hours(group: &Counted) -> Vec<usize> {
    const DAY: i64 = 24;
    let hour = |(clue, _): &(&Clue, u64)| if let Clue::Hour(hour) = clue { *hour } else { 0 };
    let (Some(first), Some(last)) = (group.first().map(hour), group.last().map(hour)) else {
        return Vec::new();
    };
    let is_peak = |(_, this): &(usize, &(&Clue, u64))| {
        let (from, to) = (first.max(hour(this) - DAY), last.min(hour(this) + DAY));
        let begin = group.partition_point(|other| hour(other) < from);
        let near = group.iter().skip(begin).take_while(|other| hour(other) <= to);
        let others = near.map(|(_, count)| *count).sum::<u64>().saturating_sub(this.1);
        is_more_than_spread((FEWEST, FACTOR), this.1, others, (to - from).unsigned_abs())
    };
    group.iter().enumerate().filter(is_peak).map(|(index, _)| index).collect()
}

/// Words against the other words of their kind. The fewer words there are, the more orders have
/// one of them by chance.
fn categories(group: &Counted, words: usize) -> Vec<usize> {
    let all = sum(group);
    let words = u64::try_from(words).unwrap_or(u64::MAX).max(2);
    let fewest = TOSSES.div_ceil(u64::from(words.ilog2())).max(FEWEST);
    let is_cause = |(_, (_, count)): &(usize, &(&Clue, u64))| {
        let others = all.saturating_sub(*count);
        is_more_than_spread((fewest, FACTOR_OF_WORDS), *count, others, words - 1)
    };
    group.iter().enumerate().filter(is_cause).map(|(index, _)| index).collect()
}

/// The channel that has nearly all findings of a kind, and not nearly all of the others too.
fn channel(counted: &Counted, group: &Counted, kind: Kind) -> Option<usize> {
    const SHARE_PERCENT: u64 = 80;
    let all = sum(group);
    let has_most = |(_, count): &(&Clue, u64)| count * 100 >= all * SHARE_PERCENT;
    let index = group.iter().position(has_most)?;
    let (Clue::Channel(_, most), count) = *group.get(index)? else { return None };
    // Every channel that is seen, with the findings of other kinds.
    let mut channels: HashMap<&str, u64> = HashMap::new();
    for (clue, count) in counted {
        if let Clue::Channel(of, channel) = clue {
            *channels.entry(channel).or_default() += if *of == kind { 0 } else { *count };
        }
    }
    let elsewhere: u64 = channels.values().sum();
    let most_elsewhere = channels.get(most.as_str()).copied().unwrap_or_default();
    let is_cause = channels.len() >= 2
        && categories(group, channels.len()).contains(&index)
        && most_elsewhere * 2 * all <= count * elsewhere;
    is_cause.then_some(index)
}
