# A "training script" that is not Python: fits nothing, but loses and speaks like one that does.
# Usage: awk -f train.awk -v lr=0.01 -v depth=4
BEGIN {
    if (depth > 10) { print "out of memory at depth " depth > "/dev/stderr"; exit 1 }
    loss = (log(lr) / log(10) + 2) ^ 2 + (depth - 6) ^ 2 / 10
    print "trained with lr " lr " and depth " depth
    printf "{\"loss\": %.6f}\n", loss
}
