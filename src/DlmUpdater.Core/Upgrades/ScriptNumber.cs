using System.Globalization;

namespace DlmUpdater.Core.Upgrades;

/// <summary>The number in front of a script's name: loose, so that another script fits between any two.</summary>
public static class ScriptNumber
{
    /// <summary>How far a new script is put behind the last one.</summary>
    public const int Step = 10;

    /// <summary>Reads <c>0010_migrate</c>, <c>10-migrate</c>, <c>3000.sh</c> or <c>3000</c>: one to four digits, then nothing, or one of <c>_ - .</c></summary>
    public static bool TryRead(string name, out int number)
    {
        ArgumentNullException.ThrowIfNull(name);
        int digits = 0;
        while (digits < name.Length && char.IsAsciiDigit(name[digits]))
            digits++;
        number = 0;
        return digits is > 0 and <= 4
            && (digits == name.Length || name[digits] is '_' or '-' or '.')
            && int.TryParse(name.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number >= Band.First;
    }

    /// <summary>The next free multiple of ten behind every number of the band, or inside it where the end is taken; null if there is none.</summary>
    /// <param name="taken">The numbers that are in use.</param>
    /// <param name="band">Where the new script is to run.</param>
    public static int? Next(IEnumerable<int> taken, Band band)
    {
        ArgumentNullException.ThrowIfNull(taken);
        ArgumentNullException.ThrowIfNull(band);
        HashSet<int> used = [.. taken.Where(band.Holds)];
        int behind = used.Count == 0 ? Up(band.From) : Up(used.Max() + 1);
        if (behind <= band.To)
            return behind;
        for (int number = Up(band.From); number <= band.To; number += Step)
        {
            if (!used.Contains(number))
                return number;
        }

        return null;
    }

    private static int Up(int number) => (number + Step - 1) / Step * Step;
}
