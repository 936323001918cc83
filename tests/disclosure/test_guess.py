"""Tables as pandas, R and Stata users save them: read as what they are, stopped only where they should be."""

from pathlib import Path

import pytest

from tallystick.disclosure.check import check_files, limits_of
from tallystick.disclosure.protect import as_csv, protect

LIMITS = limits_of(None)

SAFE = {
    "pandas crosstab with All": ("frequency", "ethnicity,F,M,All\nA,120,130,250\nB,40,50,90\nAll,160,180,340\n"),
    "pandas three dimensions": ("frequency", "la,sex,No,Yes,All\nE1,F,40,30,70\nE1,M,50,20,70\nE2,F,41,31,72\nE2,M,51,21,72\nAll,,182,102,284\n"),
    "years as columns": ("frequency", "group,2019,2020,Total\nA,120,130,250\nB,40,50,90\nTotal,160,180,340\n"),
    "years as rows": ("frequency", "year,people\n2019,420\n2020,433\n2021,401\n"),
    "long with an odd count": ("frequency", "la,sex,num_offenders\nE1,F,40\nE1,M,50\nE2,F,60\nE2,M,70\n"),
    "thousands": ("frequency", 'Region,Men,Women\nNorth,"1,200","1,300"\nSouth,"2,200","2,100"\n'),
    "R as.data.frame(table)": ("frequency", '"","Var1","Var2","Freq"\n"1","N","F",420\n"2","S","F",430\n"3","N","M",411\n"4","S","M",399\n'),
    "count and share of total": ("frequency", "group,Count,Percent\nA,600,60.0\nB,250,25.0\nC,150,15.0\nTotal,1000,100.0\n"),
    "nested places": ("frequency", "region,area,count\nN,Leeds,120\nN,York,110\nN,N total,230\nS,Bath,100\nS,S total,100\nTotal,Total,330\n"),
    "means": ("mean", "la,mean_income,n,sd\nE1,30000.1,400,20.1\nE2,31000.2,500,22.1\n"),
    "rates": ("ratio", "area,population,offences,rate_per_1000\nA,50000,1200,24.0\nB,60000,1500,25.0\n"),
    "quantiles": ("percentile", "group,n,p25,median,p75\nA,500,10,20,30\nB,600,12,22,31\n"),
    "broom": ("regression", "term,estimate,std.error,statistic,p.value,nobs\n(Intercept),-1.2,0.1,3,0.01,4000\nage,0.2,0.1,2,0.03,4000\n"),
    "odds ratios": ("regression", "term,odds_ratio,ci_low,ci_high,p_value\nage,1.2,1.1,1.3,0.01\nN,4000,,,\n"),
    "survfit": ("survival", "time,n.risk,n.event,surv\n0,4000,0,1\n90,3800,120,0.97\n180,3500,150,0.93\n"),
    "histogram": ("histogram", "bin_start,bin_end,frequency\n0,10,40\n10,20,50\n"),
    "sums": ("magnitude", "sector,total_turnover,n_firms,largest,second_largest\nA,10000,50,900,800\nB,20000,60,1500,1400\n"),
}  # fmt: skip
STOPPED = {
    "count.small": "area,convictions\nA,300\nB,4\n",
    "count.few": "area,avg_income,n\nA,30000.2,300\nB,31000.1,4\n",
    "counts.missing": "area,avg_income\nA,30000.2\nB,31000.1\n",
    "share.small": "area,base,percentage\nA,300,1\nB,400,55\n",
    "hidden.pinned": "region,area,count\nN,All,120\nN,Leeds,c\nN,York,117\nS,All,200\nS,Bath,100\nS,Bristol,100\n",
    "count.remainder": "region,area,count\nN,All,120\nN,York,117\nS,All,200\nS,Bath,100\nS,Bristol,100\n",
    "regression.df": "variable,coefficient,std_error,p_value\nage,0.12,0.01,0.001\nsex,0.3,0.1,0.01\nN,9,,\n",
    "aggregate.records": "id,fitted,residual\n1,1.2,0.2\n2,3.2,0.1\n3,2.2,0.4\n4,1.1,.3\n",
    "table.unknown": "a,b\nx,y\nz,w\n",
}


PANDAS = "la,sex,No,Yes,All\nE1,F,40,{a},70\nE1,M,50,20,70\nE2,F,41,31,72\nE2,M,51,21,72\nAll,,182,102,284\n"


def test_a_grand_total_over_two_labels_gives_a_hidden_cell_away(tmp_path: Path) -> None:
    """pandas shows no subtotal of a label; the column's sum over all rows pins the cell all the same."""
    path = tmp_path / "t.csv"
    path.write_text(PANDAS.format(a="c").replace(",70\nE1,M", ",c\nE1,M"))
    assert "hidden.pinned" not in {found.rule for found in check_files([path], LIMITS).refusals}, (
        "it is 30: no small cell"
    )
    path.write_text(
        PANDAS.format(a="c").replace(",70\nE1,M", ",c\nE1,M").replace("182,102,284", "182,75,257")
    )
    assert "hidden.pinned" in {found.rule for found in check_files([path], LIMITS).refusals}


def test_protection_reckons_with_totals_that_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(PANDAS.format(a="3").replace("3,70\n", "3,43\n").replace("182,102,284", "182,75,257"))
    made = protect(check_files([path], LIMITS).readings, "suppress", LIMITS)[0]
    (tmp_path / "made.csv").write_text(as_csv(made))
    assert not check_files([tmp_path / "made.csv"], LIMITS).refusals
    assert as_csv(made).count("c") >= 4


@pytest.mark.parametrize("name", SAFE)
def test_a_safe_table_is_read_as_what_it_is_and_passes(tmp_path: Path, name: str) -> None:
    statistic, text = SAFE[name]
    path = tmp_path / "t.csv"
    path.write_text(text)
    checked = check_files([path], LIMITS)
    assert [reading.about.statistic for reading in checked.readings] == [statistic]
    assert not checked.refusals


@pytest.mark.parametrize("rule", STOPPED)
def test_a_table_is_stopped_for_its_own_reason(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(STOPPED[rule])
    assert rule in {found.rule for found in check_files([path], LIMITS).refusals}


def test_protection_hides_no_combination_that_is_not_there(tmp_path: Path) -> None:
    """York in the South is nought to everybody: a pattern that leaned on it would protect nothing."""
    path = tmp_path / "t.csv"
    path.write_text(
        "region,area,count\nN,Leeds,4\nN,York,110\nN,Hull,60\nN,N total,174\nS,Bath,100\nS,S total,100\nTotal,Total,274\n"
    )
    made = protect(check_files([path], LIMITS).readings, "suppress", LIMITS)[0]
    hidden = [line.split(",")[1] for line in as_csv(made).splitlines() if line.endswith(",c")]
    assert "Leeds" in hidden
    assert len(hidden) >= 2
    assert set(hidden) <= {"Leeds", "York", "Hull", "N total", "Total", "Bath", "S total"}
    (tmp_path / "made.csv").write_text(as_csv(made))
    assert not check_files([tmp_path / "made.csv"], LIMITS).refusals
