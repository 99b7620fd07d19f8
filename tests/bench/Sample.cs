using System.Globalization;
using static DlmUpdater.Bench.Measuring;

namespace DlmUpdater.Bench;

/// <summary>One process.</summary>
internal sealed record Sample(string Name, double WallUs, double CpuUs, long RssKiB, int Exit)
{
    internal static Sample Parse(string line)
    {
        string[] words = line.Split(' ');
        return new Sample(words[0], Number(words[1]), Number(words[2]), Number(words[3]), (int)Number(words[4]));
    }

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);
}

/// <summary>The medians of one program.</summary>
internal sealed record Medians(double WallMs, double CpuMs, double RssMiB)
{
    internal static Medians Of(Sample[] samples, string name)
    {
        Sample[] own = [.. samples.Where(s => s.Name == name)];
        return new Medians(Median(own.Select(s => s.WallUs)) / 1000, Median(own.Select(s => s.CpuUs)) / 1000, Median(own.Select(s => (double)s.RssKiB)) / 1024);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{WallMs,10:0.00}{CpuMs,10:0.00}{RssMiB,10:0.00}");
}
