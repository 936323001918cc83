# How the expectations in this folder were made: Rscript make.R, in this folder, with MatchIt from Debian (r-cran-matchit).
# MatchIt is run, not copied: these are numbers that it prints for its own example data (Dehejia and Wahba's).
library(MatchIt)
data(lalonde)
write.csv(lalonde, "lalonde.csv", row.names = FALSE, quote = FALSE)
f <- treat ~ age + educ + race + married + nodegree + re74 + re75
propensity <- unname(matchit(f, data = lalonde)$distance)

# Debian's MatchIt 4.5.1 takes distances to whole numbers when it compares them (its issue 163, mended in 4.5.2): a
# propensity is multiplied by 1e9 and a logit by 1e8 before it is given, which leaves the order of distances as it is.
# With replacement and a ratio above one it gives a person the same neighbour twice (its issue 159): no such case here.
cases <- list(
  nearest = list(),
  nearest_smallest = list(m.order = "smallest"),
  nearest_data = list(m.order = "data"),
  nearest_ratio2 = list(ratio = 2),
  nearest_replace = list(replace = TRUE),
  nearest_calliper = list(caliper = 0.2),
  nearest_calliper_raw = list(caliper = 0.02, std.caliper = FALSE),
  nearest_calliper_ratio2 = list(caliper = 0.1, ratio = 2),
  nearest_logit = list(link = "linear.logit"),
  nearest_logit_calliper = list(link = "linear.logit", caliper = 0.2),
  nearest_replace_calliper = list(caliper = 0.02, replace = TRUE),
  nearest_exact = list(exact = ~race),
  nearest_exact_ratio2 = list(exact = ~ race + nodegree, ratio = 2, caliper = 0.5),
  nearest_exact_replace = list(exact = ~ race + nodegree, replace = TRUE),
  nearest_exact_calliper = list(exact = ~ race + married, caliper = 0.25, link = "linear.logit"),
  cem = list(method = "cem")
)

weights <- data.frame(row = seq_len(nrow(lalonde)))
pairs <- NULL
balance <- NULL
for (name in names(cases)) {
  given <- cases[[name]]
  if (is.null(given$method)) given$method <- "nearest"
  if (given$method == "nearest") {
    given$distance <- if (is.null(given$link)) propensity * 1e9 else qlogis(propensity) * 1e8
    if (isFALSE(given$std.caliper)) given$caliper <- given$caliper * 1e9
    if (is.null(given$m.order)) given$m.order <- "largest"
    given$link <- NULL
  }
  m <- suppressWarnings(do.call(matchit, c(list(f, data = lalonde), given)))
  weights[[name]] <- m$weights
  if (!is.null(m$match.matrix)) {
    mm <- m$match.matrix
    for (k in seq_len(ncol(mm))) {
      has <- !is.na(mm[, k])
      if (any(has)) pairs <- rbind(pairs, data.frame(case = name, round = k,
        treated = match(rownames(mm)[has], rownames(lalonde)), comparison = match(mm[has, k], rownames(lalonde))))
    }
  }
  s <- summary(m, interactions = FALSE)
  for (which in c("before", "after")) {
    got <- if (which == "before") s$sum.all else s$sum.matched
    if (name != "nearest" && which == "before") next
    got <- got[rownames(got) != "distance", , drop = FALSE]
    balance <- rbind(balance, data.frame(case = if (which == "before") "before" else name, covariate = rownames(got),
      smd = got[, "Std. Mean Diff."], variance_ratio = got[, "Var. Ratio"],
      ecdf_mean = got[, "eCDF Mean"], ecdf_max = got[, "eCDF Max"]))
  }
}
weights$propensity <- propensity
exactly <- function(table) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) sprintf("%.15g", x))
  table
}
write.csv(exactly(weights), "weights.csv", row.names = FALSE, quote = FALSE)
write.csv(pairs, "pairs.csv", row.names = FALSE, quote = FALSE)
write.csv(exactly(balance), "balance.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("MatchIt", packageVersion("MatchIt"))), "VERSIONS")
