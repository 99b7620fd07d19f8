namespace DlmUpdater.Configuration;

/// <summary>Finds what somebody probably meant to write.</summary>
internal static class NearestName
{
    private const int LongestName = 64;

    /// <summary>The candidate with the fewest edits from <paramref name="written"/>, if it may be a slip; else null.</summary>
    internal static string? Find(string written, IEnumerable<string> candidates)
    {
        if (written.Length is 0 or > LongestName)
            return null;
        string? best = null;
        int fewest = Math.Max(1, written.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            int edits = Distance(written.ToLowerInvariant(), candidate);
            if (edits < fewest)
                (best, fewest) = (candidate, edits);
        }

        return best;
    }

    /// <summary>How many letters must be inserted, removed, replaced or swapped with a neighbour (optimal string alignment).</summary>
    internal static int Distance(string a, string b)
    {
        Span<int> before = stackalloc int[b.Length + 1], above = stackalloc int[b.Length + 1], row = stackalloc int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
            above[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j - 1], above[j]) + 1, above[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }

            Span<int> free = before;
            before = above;
            above = row;
            row = free;
        }

        return above[b.Length];
    }
}
